import { ValueReader } from '../../proxy/protocol/reply-values.ts';
import { type MemoryClient, type MemoryScene, memoryScene, TWO } from './memory-scene.ts';
import { ScannedShard } from './scanned-shard.ts';

const MASTER = '*3\r\n$6\r\nmaster\r\n:1\r\n*0';

export interface Bed extends MemoryScene {
  readonly shards: readonly ScannedShard[];
  /** Lets the servers answer until nothing happens any more. */
  run(): void;
  /** One request of a client, and its reply. */
  ask(client: MemoryClient, ...words: string[]): unknown;
}

export async function bed(
  settings: readonly string[] = [],
  addresses: readonly string[] = TWO,
  others: readonly string[] = [],
): Promise<Bed> {
  const scene = await memoryScene(settings, addresses, others);
  const shards = scene.servers.map((server, i) => new ScannedShard(server, `process${i}`));
  for (const server of scene.servers) server.always.set('ROLE', MASTER);
  const run = (): void => {
    do scene.settle();
    while (shards.filter((shard) => shard.serve()).length > 0);
  };
  const ask = (client: MemoryClient, ...words: string[]): unknown => {
    client.said = '';
    client.ask(...words);
    run();
    const [value] = new ValueReader().push(Buffer.from(client.said, 'latin1'));
    return value;
  };
  return { ...scene, shards, run, ask };
}

export const fill = (shard: ScannedShard, name: string, count: number): void => {
  for (let i = 0; i < count; i++) shard.keys.add(`${name}${i}`);
};

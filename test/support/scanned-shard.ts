import { createHash } from 'node:crypto';
import type { ScriptedServer } from './memory-scene.ts';

/**
 * What a Redis with keys says to SCAN, KEYS, DBSIZE, RANDOMKEY, FLUSHDB and INFO. As in Redis a cursor is a place in a
 * table in which every process orders the keys by a secret of its own.
 */
export class ScannedShard {
  readonly keys = new Set<string>();

  constructor(
    private readonly server: ScriptedServer,
    /** Another text with every process. */
    public runId: string,
  ) {}

  /** Answers everything that the server was asked. True when there was something. */
  serve(): boolean {
    const { server } = this;
    const some = server.asked.length > 0;
    while (server.asked.length > 0) server.answer(this.answerTo(server.asked[0].split(' ')));
    return some;
  }

  private placeOf(key: string): number {
    // never 0, which is the end
    return createHash('md5').update(`${this.runId} ${key}`).digest().readUIntBE(0, 3) + 1;
  }

  private answerTo(words: readonly string[]): string {
    switch (words[0]) {
      case 'INFO':
        return bulk(`# Server\r\nredis_version:7.0.15\r\nrun_id:${this.runId}\r\n`);
      case 'SCAN':
        return this.page(Number(words[1]), Number(words[words.indexOf('COUNT') + 1] ?? 10));
      case 'DBSIZE':
        return `:${this.keys.size}`;
      case 'KEYS':
        return list([...this.keys]);
      case 'RANDOMKEY':
        return this.keys.size === 0 ? '$-1' : bulk([...this.keys][0]);
      case 'FLUSHDB':
        this.keys.clear();
        return '+OK';
      default:
        return `-ERR unknown command ${words[0]}`;
    }
  }

  private page(from: number, count: number): string {
    const rest = [...this.keys]
      .map((key) => ({ key, place: this.placeOf(key) }))
      .filter(({ place }) => place >= from)
      .sort((a, b) => a.place - b.place);
    const next = rest.at(count)?.place ?? 0;
    return `*2\r\n${bulk(String(next))}\r\n${list(rest.slice(0, count).map(({ key }) => key))}`;
  }
}

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}`;
const list = (items: readonly string[]): string => [`*${items.length}`, ...items.map(bulk)].join('\r\n');

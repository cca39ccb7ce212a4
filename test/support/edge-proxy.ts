import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { commandOf } from './proxy.ts';
import { type Daemon, spawnDaemon } from './spawn-daemon.ts';

/** What clients of `startEdgeProxy` say first. */
export const EDGE_PROXY_PASSWORD = 'x';

/**
 * The proxies that edges forward to, as one process with a pool for each of them, in a network namespace. Their one server is
 * never there: what a proxy answers by itself is all that is asked here.
 * @param places where they listen, `address:port`
 * @param edges addresses from which headers of PROXY protocol are believed
 * @param folder for its file
 */
export async function startEdgeProxy(
  namespace: string,
  places: readonly string[],
  edges: readonly string[],
  folder: string,
): Promise<Daemon> {
  const networks = edges.map((edge) => `   - ${edge}\n`).join('');
  const believed = networks === '' ? '' : `  proxy_protocol_networks:\n${networks}`;
  const pools = places.map(
    (place, i) =>
      `proxy${i}:\n  listen: ${place}\n  redis: true\n  redis_auth: ${EDGE_PROXY_PASSWORD}\n` +
      `${believed}  servers:\n   - 127.0.0.1:1:1 nobody\n`,
  );
  const file = join(folder, `${namespace}-proxy.yml`);
  writeFileSync(file, pools.join(''));
  const inside = [`--net=/run/netns/${namespace}`];
  const [program, words] = commandOf('bun');
  const [host, port] = places[places.length - 1].split(':');
  const listens = ['bash', '-c', `exec 3<>/dev/tcp/${host}/${port}`];
  return await spawnDaemon('nsenter', [...inside, program, ...words, '-c', file, '-a', '127.0.0.1'], {
    ready: async () => (await execa('nsenter', [...inside, ...listens], { reject: false })).exitCode === 0,
  });
}

import { networkInterfaces } from 'node:os';
import type { PoolConfig } from '../config/pool.ts';

/** With 1024 proxies (`MOST_PEERS`) all numbers of clients stay exact in floating point. */
export const IDS_OF_A_PROXY = 2 ** 43;

/**
 * Which of a pool's `peers` this proxy is: the one with the port of `listen` and an address of this machine.
 * @returns its place from 0; -1 when it is none of them
 */
export function ownPlace(
  { listen, peers }: Pick<PoolConfig, 'listen' | 'peers'>,
  addresses: readonly string[] = ownAddresses(),
): number {
  if (listen.kind !== 'tcp') return -1;
  const { host, port } = listen;
  const isOwn = (other: string): boolean => (isAny(host) ? addresses.includes(other) : other === host);
  return peers.findIndex((peer) => peer.kind === 'tcp' && peer.port === port && isOwn(peer.host));
}

const isAny = (host: string): boolean => host === '0.0.0.0' || host === '::';

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []);
}

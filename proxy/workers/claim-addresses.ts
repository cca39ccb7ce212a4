import { createServer } from 'node:net';
import type { Address, PoolConfig } from '../config/pool.ts';

type Place = readonly [pool: string, text: string, address: Address];

/**
 * Makes sure that nobody else listens where workers are about to: they share their ports, and would share them with
 * strangers that do so too.
 * @param held configurations whose ports are ours already
 * @throws Error that names pool, address and reason
 */
export async function claimAddresses(
  configs: readonly PoolConfig[],
  held: readonly PoolConfig[],
): Promise<void> {
  const ours = new Set(held.flatMap(placesOf).map(([, , address]) => portOf(address)));
  for (const [pool, text, address] of configs.flatMap(placesOf)) {
    if (address.kind === 'unix' || ours.has(address.port)) continue;
    try {
      await listenOnce(address.host, address.port);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new Error(`pool '${pool}' cannot listen on '${text}': ${code ?? message}`);
    }
  }
}

function placesOf({ name, listen, listenText, listenTls }: PoolConfig): Place[] {
  const plain: Place = [name, listenText, listen];
  return listenTls === null ? [plain] : [plain, [name, listenTls.text, listenTls.address]];
}

function portOf(address: Address): number | null {
  return address.kind === 'tcp' ? address.port : null;
}

function listenOnce(host: string, port: number): Promise<void> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}

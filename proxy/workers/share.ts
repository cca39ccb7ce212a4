import type { PoolConfig } from '../config/pool.ts';

/**
 * What one of several workers serves: every pool, with its part of `client_connections`; the kernel spreads the
 * connections. A unix socket has one owner, so a pool that listens on one is the first worker's alone.
 */
export function shareOf(configs: readonly PoolConfig[], place: number, workers: number): PoolConfig[] {
  return configs
    .filter(({ listen }) => place === 1 || listen.kind === 'tcp')
    .map((config) => {
      if (config.listen.kind === 'unix') return config;
      const clientConnections = Math.ceil(config.clientConnections / workers);
      return { ...config, reusePort: true, clientConnections };
    });
}

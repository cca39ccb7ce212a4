import { join } from 'node:path';
import type { NativeTier } from './native-tier.ts';

/**
 * nutcracker.yml of one pool before the first shard of a tier, whose proxy logs in as a stack's does.
 *
 * @param secrets folder with the files `application` and `proxy`, each a password
 * @param settings further lines of the pool, without indentation
 */
export function tierPool(
  tier: NativeTier,
  port: number,
  secrets: string,
  settings: readonly string[] = [],
): string {
  const { initialMaster, name } = tier.plan.shards[0];
  const lines = [
    `listen: 127.0.0.1:${port}`,
    'redis: true',
    'wait_replicas: 1',
    ...settings,
    `redis_auth_file: ${join(secrets, 'application')}`,
    'server_user: proxy',
    `server_password_file: ${join(secrets, 'proxy')}`,
    'sentinel_user: proxy',
    `sentinel_password_file: ${join(secrets, 'proxy')}`,
    'sentinels:',
    ...tier.sentinels.map((sentinel) => ` - ${sentinel.address}:${sentinel.port}:1`),
    'servers:',
    ` - ${initialMaster.address}:${initialMaster.port}:1 ${name}`,
  ];
  return `alpha:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

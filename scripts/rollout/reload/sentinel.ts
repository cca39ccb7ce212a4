import type { Redis } from 'ioredis';
import { directivesOf } from '../../../sentinel/directives.ts';
import { parsePairs } from '../../observe/redis-call.ts';
import { takeOverUsers } from './users.ts';

/** A shard as sentinel.conf describes it. */
export interface WatchedShard {
  readonly name: string;
  /** Host, port and quorum of `sentinel monitor`. */
  readonly monitor: readonly [host: string, port: string, quorum: string];
  /** Other options by name, as SENTINEL SET takes them. */
  readonly options: ReadonlyMap<string, string>;
}

/** Options that are asked for to be compared; the others are secrets, or go with them. */
const READABLE = ['down-after-milliseconds', 'failover-timeout', 'parallel-syncs'];

/** The shards of a sentinel.conf, and the password its sentinels give each other. */
export function parseSentinelConf(conf: string): { shards: WatchedShard[]; password: string } {
  const shards = new Map<
    string,
    { name: string; monitor: WatchedShard['monitor']; options: Map<string, string> }
  >();
  let password = '';
  for (const { name, value } of directivesOf(conf)) {
    if (name !== 'sentinel') continue;
    const [option, first, ...rest] = value.split(' ');
    if (option === 'sentinel-pass') password = first;
    if (option === 'monitor') {
      const [host, port, quorum] = rest;
      shards.set(first, { name: first, monitor: [host, port, quorum], options: new Map() });
    } else shards.get(first)?.options.set(option, rest.join(' '));
  }
  return { shards: [...shards.values()], password };
}

/** Makes a running sentinel go by its files. Who is master is its own knowledge and not touched. */
export async function takeOverSentinel(redis: Redis, conf: string, acl: string): Promise<void> {
  await takeOverUsers(redis, acl);
  const { shards, password } = parseSentinelConf(conf);
  const reply = (await redis.call('SENTINEL', 'MASTERS')) as unknown[];
  const watched = new Map(reply.map(parsePairs).map((fields) => [fields.get('name'), fields]));
  const [, known] = (await redis.call('SENTINEL', 'CONFIG', 'GET', 'sentinel-pass')) as string[];
  for (const shard of shards) {
    const fields = watched.get(shard.name);
    if (fields === undefined) await redis.call('SENTINEL', 'MONITOR', shard.name, ...shard.monitor);
    for (const [option, value] of changedOptions(shard, fields, known !== password)) {
      await redis.call('SENTINEL', 'SET', shard.name, option, value);
    }
    watched.delete(shard.name);
  }
  for (const gone of watched.keys()) if (gone !== undefined) await redis.call('SENTINEL', 'REMOVE', gone);
  // Last: as long as it is the old one, the passwords for the shards count as not set either.
  if (known !== password) await redis.call('SENTINEL', 'CONFIG', 'SET', 'sentinel-pass', password);
}

/** Options of a shard to set. Setting a password makes the sentinel connect anew, so that is not done for nothing. */
export function changedOptions(
  { monitor, options }: WatchedShard,
  fields: ReadonlyMap<string, string> | undefined,
  newPassword: boolean,
): Array<readonly [option: string, value: string]> {
  const wanted: Array<readonly [string, string]> = [['quorum', monitor[2]], ...options];
  return wanted.filter(([option, value]) => {
    if (fields === undefined) return option !== 'quorum';
    if (option === 'quorum' || READABLE.includes(option)) return fields.get(option) !== value;
    return newPassword;
  });
}

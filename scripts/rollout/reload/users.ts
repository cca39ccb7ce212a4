import type { Redis } from 'ioredis';

/** One line of users.acl. */
export interface UserLine {
  readonly name: string;
  readonly rules: readonly string[];
}

/** `user NAME RULE…` lines of an ACL file. */
export function parseUsers(acl: string): UserLine[] {
  return acl
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, name, ...rules]) => ({ name, rules }));
}

/**
 * Makes a server's accounts those of an ACL file, by SETUSER line by line. ACL LOAD of redis 7.0 would cut every
 * connection there is: the proxies' in the middle of their requests, the replicas', the sentinels'.
 *
 * @throws Error when the server holds other passwords afterwards
 */
export async function takeOverUsers(redis: Redis, acl: string): Promise<void> {
  const users = parseUsers(acl);
  for (const { name, rules } of users) await redis.call('ACL', 'SETUSER', name, ...rules);
  const known = new Set(users.map(({ name }) => name));
  const present = (await redis.call('ACL', 'USERS')) as string[];
  for (const name of present) if (!known.has(name)) await redis.call('ACL', 'DELUSER', name);
  for (const { name, rules } of users) {
    const fields = (await redis.call('ACL', 'GETUSER', name)) as unknown[];
    const at = fields.indexOf('passwords');
    const held = (fields[at + 1] as string[]).map((hash) => `#${hash}`).sort();
    const wanted = rules.filter((rule) => rule.startsWith('#')).sort();
    if (held.join() !== wanted.join())
      throw new Error(`the account ${name} holds other passwords than it should`);
  }
}

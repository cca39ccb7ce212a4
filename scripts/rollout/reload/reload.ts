import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { Redis } from 'ioredis';
import type {
  Credentials,
  Member,
  MemberFile,
  RedisMember,
  SentinelMember,
} from '../../../topology/types.ts';
import { NotSoError } from '../../errors.ts';
import { awaitLogLine, lastLogLines, signalContainer } from '../../observe/engine.ts';
import { withRedis } from '../../observe/redis-call.ts';
import { haproxyPid } from '../haproxy-admin.ts';
import { takeOverRedis } from './redis.ts';
import { takeOverSentinel } from './sentinel.ts';

export interface ReloadOptions {
  readonly engine: Docker;
  readonly credentials: Credentials;
  readonly member: Member;
  /** All files of the member, which lie in its container already. */
  readonly files: readonly MemberFile[];
}

const RELOAD_MS = 5000;
const POLL_MS = 100;

/**
 * Makes a running member go by the files that were brought to it, and sees that it does.
 *
 * @throws NotSoError when it does not; it then goes on as before
 */
export async function reloadMember(options: ReloadOptions): Promise<void> {
  const { engine, member } = options;
  try {
    await takeOver(options);
  } catch (error) {
    const lines = await lastLogLines(engine, member.name, 5).catch(() => []);
    const log = lines.map((line) => `\n    | ${line}`).join('');
    throw new NotSoError(
      `${member.name} did not take its new settings over: ${(error as Error).message}${log}`,
      {
        where: member.name,
        remedy:
          'it goes on with the old ones, and the later domains were not touched; mend what it names and run the same ' +
          'command again, or take the change back in stack.yaml and run it',
        cause: error,
      },
    );
  }
}

function takeOver({ engine, credentials, member, files }: ReloadOptions): Promise<void> {
  const content = (name: string): string => files.find((file) => file.name === name)?.content ?? '';
  switch (member.role) {
    case 'redis':
      return asOperator(member, credentials, (redis) =>
        takeOverRedis(redis, content('redis.conf'), content('users.acl')),
      );
    case 'sentinel':
      return asOperator(member, credentials, (redis) =>
        takeOverSentinel(redis, content('sentinel.conf'), content('users.acl')),
      );
    case 'proxy':
      return reloadProxy(engine, member.name);
    case 'edge':
      return reloadEdge(engine, member.name);
    case 'monitor':
      throw new Error('a monitor is replaced, whatever changes in its files');
  }
}

const asOperator = (
  at: RedisMember | SentinelMember,
  { operator }: Credentials,
  use: (redis: Redis) => Promise<void>,
): Promise<void> => withRedis(at, { username: 'operator', password: operator }, use, RELOAD_MS);

/** The proxy says in its log whether it took the file over. */
async function reloadProxy(engine: Docker, name: string): Promise<void> {
  const line = await awaitLogLine(engine, name, /is in force|reload refused/, RELOAD_MS, () =>
    signalContainer(engine, name, 'USR1'),
  );
  if (line.includes('reload refused')) throw new Error(line);
}

/** A HAProxy that took its file over is a new process; with a bad file the old one stays. keepalived says it in the log. */
async function reloadEdge(engine: Docker, name: string): Promise<void> {
  const before = await haproxyPid(engine, name);
  await awaitLogLine(engine, name, /Reload complete/, RELOAD_MS, () => signalContainer(engine, name, 'HUP'));
  const deadline = performance.now() + RELOAD_MS;
  while ((await haproxyPid(engine, name).catch(() => before)) === before) {
    if (performance.now() > deadline) throw new Error('HAProxy goes on with its old configuration');
    await delay(POLL_MS);
  }
}

import { withRedis } from '../scripts/observe/redis-call.ts';
import type { AnyPlan, Credentials, RedisMember } from '../topology/types.ts';
import type { BigKey, BigKeys, SlowRequest } from './document.ts';

/** Milliseconds a look at a server may take as a whole. */
const PATIENCE_MS = 5000;
const SLOW_ENTRIES = 50;
/** Keys looked at, at most, and so many at a time: the rest of the shard is not asked for. */
const MOST_KEYS = 20_000;
const KEYS_AT_ONCE = 500;
const SHOWN_KEYS = 20;
/** Elements of a collection that are measured for its size (MEMORY USAGE … SAMPLES). */
const ELEMENTS = 5;

/** `[id, seconds, microseconds, arguments, …]` of SLOWLOG GET. */
type SlowEntry = readonly [number, number, number, readonly string[], ...unknown[]];

/**
 * The slowest requests that the members of a shard remember, slowest first. Arguments are not shown: they are the
 * application's data.
 */
export async function slowRequests(
  members: readonly RedisMember[],
  credentials: Credentials,
): Promise<SlowRequest[]> {
  const each = await Promise.all(
    members.map((member) =>
      withRedis(
        member,
        loginOf(credentials),
        async (redis) => {
          const entries = (await redis.call('SLOWLOG', 'GET', SLOW_ENTRIES)) as readonly SlowEntry[];
          return entries.map(([, seconds, microseconds, words]) => ({
            member: member.name,
            at: seconds * 1000,
            milliseconds: microseconds / 1000,
            command: `${words[0]}, ${words.length - 1} arguments`,
          }));
        },
        PATIENCE_MS,
      ).catch(() => []),
    ),
  );
  return each
    .flat()
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, SLOW_ENTRIES);
}

/**
 * The largest keys among the first that SCAN gives (at most 20,000), of a replica if one answers: the master has its
 * applications to serve.
 * @throws Error when no member of the shard answers
 */
export async function bigKeys(plan: AnyPlan, shard: string, credentials: Credentials): Promise<BigKeys> {
  const members = plan.shards.find(({ name }) => name === shard)?.members ?? [];
  const ranked = await Promise.all(members.map((member) => rank(member, credentials)));
  const [best] = ranked.sort((a, b) => a.order - b.order);
  if (best === undefined || best.order === ABSENT) throw new Error(`no member of ${shard} answers`);
  const { member } = best;
  return withRedis(
    member,
    loginOf(credentials),
    async (redis) => {
      let cursor = '0';
      let looked = 0;
      let largest: BigKey[] = [];
      do {
        const [next, keys] = await redis.scan(cursor, 'COUNT', KEYS_AT_ONCE);
        cursor = next;
        looked += keys.length;
        const ask = redis.pipeline();
        for (const key of keys) ask.call('MEMORY', 'USAGE', key, 'SAMPLES', ELEMENTS).type(key);
        const answers = (await ask.exec()) ?? [];
        const found = keys.map((key, index) => ({
          key,
          bytes: Number(answers[2 * index]?.[1] ?? 0),
          type: String(answers[2 * index + 1]?.[1] ?? '?'),
        }));
        largest = [...largest, ...found].sort((a, b) => b.bytes - a.bytes).slice(0, SHOWN_KEYS);
      } while (cursor !== '0' && looked < MOST_KEYS);
      return { shard, member: member.name, looked, keys: largest };
    },
    PATIENCE_MS,
  );
}

const ABSENT = 2;

/** Replicas first, then the master, then those that do not answer. */
async function rank(
  member: RedisMember,
  credentials: Credentials,
): Promise<{ readonly member: RedisMember; readonly order: number }> {
  try {
    const [role] = await withRedis(member, loginOf(credentials), (redis) => redis.role());
    return { member, order: role === 'slave' ? 0 : 1 };
  } catch {
    return { member, order: ABSENT };
  }
}

const loginOf = ({ operator }: Credentials): { username: string; password: string } => ({
  username: 'operator',
  password: operator,
});

import fc from 'fast-check';
import { CLIENTS, idOf, type Words } from './step.ts';

/** What a program names. */
export interface Names {
  /** Few, so that clients meet. */
  readonly keys: readonly string[];
  readonly channels: readonly [string, string];
}

/** A wait that ends by itself, in seconds and in milliseconds. */
export const SHORTLY = ['0.02', '20'] as const;

type Word = string | fc.Arbitrary<string>;

/** Requests that stand together. */
type Requests = fc.Arbitrary<readonly Words[]>;

const words = (...parts: readonly Word[]): fc.Arbitrary<string[]> =>
  fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)));

const value = fc.constantFrom('1', '2', 'x', 'y'.repeat(1500));
/** Most of what is done is done in one, so that clients meet. */
const database = fc.constantFrom('0', '0', '0', '1');
const side = fc.constantFrom('LEFT', 'RIGHT');
const client = fc.nat({ max: CLIENTS - 1 });

/** @param ends waits may end by themselves */
export function requests({ keys, channels }: Names, ends: boolean): Requests {
  const key = fc.constantFrom(...keys);
  const one = (arbitrary: fc.Arbitrary<Words>, weight: number): fc.WeightedArbitrary<readonly Words[]> => ({
    weight,
    arbitrary: arbitrary.map((each) => [each]),
  });
  const seconds = ends ? fc.constantFrom('0', SHORTLY[0]) : fc.constant('0');
  const milliseconds = ends ? fc.constantFrom('0', SHORTLY[1]) : fc.constant('0');
  return fc.oneof(
    one(data(key), 3),
    one(several(key), 2),
    one(brings(key), 6),
    one(waits(key, seconds, milliseconds), 6),
    one(transaction(key), 5),
    one(listens(channels), 4),
    one(publishes(channels), 4),
    one(connection, 2),
    one(databases(key), 2),
    { weight: 2, arbitrary: tracks(keys) },
  );
}

const data = (key: fc.Arbitrary<string>): fc.Arbitrary<Words> =>
  fc.oneof(
    words('SET', key, value),
    { weight: 2, arbitrary: words('GET', key) },
    words('INCR', key),
    words('RENAME', key, key),
    words('LRANGE', key, '0', '-1'),
    words('TYPE', key),
    words('EVAL', "return redis.call('rpush', KEYS[1], 'e')", '1', key),
    words('EVAL', "return redis.call('type', KEYS[1])", '1', key),
    words('PEXPIRE', key, '-1'),
    words('NOSUCH', 'command'),
    words('SET', key),
  );

/** Of several keys, which may live on several servers. */
const several = (key: fc.Arbitrary<string>): fc.Arbitrary<Words> =>
  fc.oneof(
    { weight: 2, arbitrary: words('MGET', key, key, key) },
    { weight: 2, arbitrary: words('MSET', key, value, key, value) },
    words('DEL', key, key),
    words('UNLINK', key),
    words('EXISTS', key, key, key),
    words('TOUCH', key, key),
    words('MSET', key, value, key),
    words('MSETNX', key, value, key, value),
    words('SORT', key, 'STORE', key),
    words('DBSIZE'),
    // which matches one at most: what order there is between several is the server's own
    key.map((each) => ['KEYS', each]),
    words('FLUSHDB'),
  );

/** The state of a client that every other one goes by. */
const databases = (key: fc.Arbitrary<string>): fc.Arbitrary<Words> =>
  fc.oneof(
    { weight: 6, arbitrary: words('SELECT', database) },
    { weight: 2, arbitrary: words('MOVE', key, database) },
    { weight: 2, arbitrary: words('COPY', key, key, 'DB', database) },
    { weight: 2, arbitrary: words('SWAPDB', '0', '1') },
    { weight: 1, arbitrary: words('FLUSHALL') },
  );

/** What those that wait are waiting for. */
const brings = (key: fc.Arbitrary<string>): fc.Arbitrary<Words> =>
  fc.oneof(
    words('LPUSH', key, value),
    words('RPUSH', key, value, value),
    words('LPOP', key),
    words('ZADD', key, '1', value),
    words('ZADD', key, '2', 'm', '3', 'n'),
    words('XADD', key, fc.constantFrom('1-1', '2-1', '3-1', '9-*'), 'f', 'v'),
    words('XGROUP', 'CREATE', key, 'g', '$', 'MKSTREAM'),
    words('LMOVE', key, key, side, side),
  );

/** @param wait seconds, and @param milliseconds how long they may wait; 0 = for ever */
const waits = (
  key: fc.Arbitrary<string>,
  wait: fc.Arbitrary<string>,
  milliseconds: fc.Arbitrary<string>,
): fc.Arbitrary<Words> =>
  fc.oneof(
    words('BLPOP', key, wait),
    words('BRPOP', key, key, wait),
    words('BLMOVE', key, key, side, side, wait),
    words('BRPOPLPUSH', key, key, wait),
    words('BLMPOP', wait, '2', key, key, side, 'COUNT', '2'),
    words('BZPOPMIN', key, wait),
    words('BZPOPMAX', key, key, wait),
    words('BZMPOP', wait, '1', key, 'MIN'),
    words('XREAD', 'BLOCK', milliseconds, 'STREAMS', key, fc.constantFrom('$', '0')),
    words('XREADGROUP', 'GROUP', 'g', 'me', 'BLOCK', milliseconds, 'STREAMS', key, '>'),
    words('BLPOP', key, 'soon'),
  );

const transaction = (key: fc.Arbitrary<string>): fc.Arbitrary<Words> =>
  fc.oneof(
    { weight: 4, arbitrary: words('MULTI') },
    { weight: 4, arbitrary: words('EXEC') },
    { weight: 1, arbitrary: words('DISCARD') },
    { weight: 2, arbitrary: words('WATCH', key) },
    { weight: 1, arbitrary: words('UNWATCH') },
  );

const listens = ([news, other]: Names['channels']): fc.Arbitrary<Words> => {
  const channel = fc.constantFrom(news, other);
  const pattern = fc.constantFrom('{t}*', '*n?ws');
  return fc.oneof(
    words('SUBSCRIBE', channel),
    words('SUBSCRIBE', news, other, news),
    words('PSUBSCRIBE', pattern),
    words('SSUBSCRIBE', channel),
    words('UNSUBSCRIBE', channel),
    words('UNSUBSCRIBE'),
    words('PUNSUBSCRIBE', pattern),
    words('PUNSUBSCRIBE'),
    words('SUNSUBSCRIBE'),
  );
};

const publishes = ([news, other]: Names['channels']): fc.Arbitrary<Words> => {
  const channel = fc.constantFrom(news, other);
  return fc.oneof(
    { weight: 4, arbitrary: words('PUBLISH', channel, value) },
    { weight: 1, arbitrary: words('SPUBLISH', channel, value) },
    { weight: 1, arbitrary: words('PUBSUB', 'NUMSUB', news, other) },
    { weight: 1, arbitrary: words('PUBSUB', 'NUMPAT') },
    { weight: 1, arbitrary: words('PUBSUB', 'CHANNELS', channel) },
    { weight: 1, arbitrary: words('PUBSUB', 'SHARDNUMSUB', channel) },
  );
};

const connection: fc.Arbitrary<Words> = fc.oneof(
  { weight: 2, arbitrary: words('PING') },
  { weight: 1, arbitrary: words('PING', 'here') },
  { weight: 1, arbitrary: words('RESET') },
  { weight: 2, arbitrary: words('HELLO', fc.constantFrom('2', '3')) },
  { weight: 1, arbitrary: words('CLIENT', 'SETNAME', 'me') },
  { weight: 1, arbitrary: words('CLIENT', 'INFO') },
  { weight: 1, arbitrary: words('CLIENT', fc.constantFrom('GETNAME', 'GETREDIR')) },
  { weight: 1, arbitrary: words('CLIENT', 'REPLY', fc.constantFrom('SKIP', 'OFF', 'ON')) },
  { weight: 1, arbitrary: words('WAIT', '0', '0') },
  {
    weight: 2,
    arbitrary: fc
      .tuple(client, fc.constantFrom([], ['TIMEOUT'], ['ERROR']))
      .map(([n, how]) => ['CLIENT', 'UNBLOCK', idOf(n), ...how]),
  },
);

/** Client-side caching; only with RESP3 can a client be told what has changed. */
function tracks(keys: Names['keys']): Requests {
  const on = fc
    .constantFrom(
      [],
      ['NOLOOP'],
      ['BCAST'],
      ['BCAST', 'NOLOOP'],
      ['BCAST', 'PREFIX', keys[0]],
      ['OPTIN'],
      ['OPTOUT'],
    )
    .map((how) => [
      ['HELLO', '3'],
      ['CLIENT', 'TRACKING', 'ON', ...how],
    ]);
  const more = fc.oneof(
    { weight: 2, arbitrary: words('CLIENT', 'CACHING', fc.constantFrom('YES', 'NO')) },
    { weight: 1, arbitrary: words('CLIENT', 'TRACKING', 'OFF') },
    { weight: 1, arbitrary: words('CLIENT', 'TRACKINGINFO') },
  );
  return fc.oneof({ weight: 3, arbitrary: on }, { weight: 2, arbitrary: more.map((each) => [each]) });
}

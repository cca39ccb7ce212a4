import fc from 'fast-check';

/** What one of several clients does next: sends requests in one go, or leaves and comes back as somebody new. */
export type Step =
  | { readonly client: number; readonly requests: readonly Words[] }
  | { readonly client: number; readonly leaves: true };

export type Words = readonly string[];

/** Stands for what the server calls client `n`. */
export const idOf = (n: number): string => `<id of ${n}>`;

export const CLIENTS = 4;

/** Few, so that clients meet. All on one server, whatever the number of servers. */
const key = fc.constantFrom('{t}a', '{t}b', '{t}c');
const value = fc.constantFrom('1', '2', 'x', 'y'.repeat(1500));
const channel = fc.constantFrom('{t}news', '{t}other');
const pattern = fc.constantFrom('{t}*', '*n?ws');
/** Most of what is done is done in one, so that clients meet. */
const database = fc.constantFrom('0', '0', '0', '1');
const side = fc.constantFrom('LEFT', 'RIGHT');
const client = fc.nat({ max: CLIENTS - 1 });

const words = (...parts: ReadonlyArray<string | fc.Arbitrary<string>>): fc.Arbitrary<string[]> =>
  fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)));

const data = fc.oneof(
  words('SET', key, value),
  words('GET', key),
  words('INCR', key),
  words('DEL', key),
  words('RENAME', key, key),
  words('LRANGE', key, '0', '-1'),
  words('TYPE', key),
  words('EVAL', "return redis.call('rpush', KEYS[1], 'e')", '1', key),
  words('NOSUCH', 'command'),
  words('SET', '{t}a'),
);

/** The state of a client that every other one goes by. */
const databases = fc.oneof(
  { weight: 3, arbitrary: words('SELECT', database) },
  { weight: 1, arbitrary: words('MOVE', key, database) },
  { weight: 1, arbitrary: words('COPY', key, key, 'DB', database) },
);

/** What those that wait are waiting for. */
const brings = fc.oneof(
  words('LPUSH', key, value),
  words('RPUSH', key, value, value),
  words('LPOP', key),
  words('ZADD', key, '1', value),
  words('ZADD', key, '2', 'm', '3', 'n'),
  words('XADD', key, fc.constantFrom('1-1', '2-1', '3-1', '9-*'), 'f', 'v'),
  words('XGROUP', 'CREATE', key, 'g', '$', 'MKSTREAM'),
  words('LMOVE', key, key, side, side),
);

/** A wait that ends by itself, in seconds and in milliseconds. */
const SHORTLY = ['0.02', '20'] as const;

/** @param wait seconds, and @param milliseconds how long they may wait; 0 = for ever */
const waits = (wait: fc.Arbitrary<string>, milliseconds: fc.Arbitrary<string>): fc.Arbitrary<Words> =>
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

const transaction = fc.oneof(
  { weight: 4, arbitrary: words('MULTI') },
  { weight: 4, arbitrary: words('EXEC') },
  { weight: 1, arbitrary: words('DISCARD') },
  { weight: 2, arbitrary: words('WATCH', key) },
  { weight: 1, arbitrary: words('UNWATCH') },
);

const listens = fc.oneof(
  words('SUBSCRIBE', channel),
  words('SUBSCRIBE', '{t}news', '{t}other', '{t}news'),
  words('PSUBSCRIBE', pattern),
  words('SSUBSCRIBE', channel),
  words('UNSUBSCRIBE', channel),
  words('UNSUBSCRIBE'),
  words('PUNSUBSCRIBE', pattern),
  words('PUNSUBSCRIBE'),
  words('SUNSUBSCRIBE'),
);

const publishes = fc.oneof(
  { weight: 4, arbitrary: words('PUBLISH', channel, value) },
  { weight: 1, arbitrary: words('SPUBLISH', channel, value) },
  { weight: 1, arbitrary: words('PUBSUB', 'NUMSUB', '{t}news', '{t}other') },
  { weight: 1, arbitrary: words('PUBSUB', 'NUMPAT') },
  { weight: 1, arbitrary: words('PUBSUB', 'SHARDNUMSUB', channel) },
);

const connection = fc.oneof(
  { weight: 2, arbitrary: words('PING') },
  { weight: 1, arbitrary: words('PING', 'here') },
  { weight: 1, arbitrary: words('RESET') },
  { weight: 2, arbitrary: words('HELLO', fc.constantFrom('2', '3')) },
  { weight: 1, arbitrary: words('CLIENT', 'SETNAME', 'me') },
  {
    weight: 2,
    arbitrary: fc
      .tuple(client, fc.constantFrom([], ['TIMEOUT'], ['ERROR']))
      .map(([n, how]) => ['CLIENT', 'UNBLOCK', idOf(n), ...how]),
  },
);

const request = (ends: boolean): fc.Arbitrary<Words> =>
  fc.oneof(
    { weight: 3, arbitrary: data },
    { weight: 6, arbitrary: brings },
    {
      weight: 6,
      arbitrary: ends
        ? waits(fc.constantFrom('0', SHORTLY[0]), fc.constantFrom('0', SHORTLY[1]))
        : waits(fc.constant('0'), fc.constant('0')),
    },
    { weight: 5, arbitrary: transaction },
    { weight: 4, arbitrary: listens },
    { weight: 4, arbitrary: publishes },
    { weight: 2, arbitrary: connection },
    { weight: 2, arbitrary: databases },
  );

const step = (ends: boolean): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 15,
      arbitrary: fc.record({ client, requests: fc.array(request(ends), { minLength: 1, maxLength: 4 }) }),
    },
    { weight: 1, arbitrary: client.map((n): Step => ({ client: n, leaves: true })) },
  );

function steps(ends: boolean): fc.Arbitrary<Step[]> {
  return fc.array(step(ends), { minLength: 5, maxLength: 40 });
}

/** Programs of several clients in all modes: plain, in transactions, waiting, listening, in several databases, in RESP2 and RESP3. */
export const program: fc.Arbitrary<Step[]> = fc
  .oneof({ weight: 3, arbitrary: steps(false) }, { weight: 1, arbitrary: steps(true) })
  .map(served);

/** Whether something in it waits for a time of its own. */
export const hasTimeouts = (steps: readonly Step[]): boolean =>
  steps.some(
    (each) =>
      'requests' in each &&
      each.requests.some((words) => words.some((word) => SHORTLY.some((short) => short === word))),
  );

/** Of these inside a transaction the proxy says that it does not serve them (docs/differences.md). */
const NOT_IN_TRANSACTION = /^(s|p)?(un)?subscribe$|^pubsub$|^hello$|^client$/i;

const MAY_WAIT = /^b(l|r|z)|^xread/i;

/**
 * Leaves out what is refused on purpose, and what would be sent behind something that may wait: when that is over it would
 * go its way at the same time as what others do, and no order is the right one.
 */
function served(steps: readonly Step[]): Step[] {
  const inside = new Set<number>();
  return steps.flatMap((each): Step[] => {
    if ('leaves' in each) {
      inside.delete(each.client);
      return [each];
    }
    let waits = false;
    const requests = each.requests.filter(([name]) => {
      if (waits) return false;
      waits = MAY_WAIT.test(name) && !inside.has(each.client);
      if (inside.has(each.client) && NOT_IN_TRANSACTION.test(name)) return false;
      if (name === 'MULTI') inside.add(each.client);
      if (/^(EXEC|DISCARD|RESET)$/.test(name)) inside.delete(each.client);
      return true;
    });
    return requests.length === 0 ? [] : [{ client: each.client, requests }];
  });
}

import type { Setting, Step, Words } from './step.ts';

/** A step before it is known what is served of it; null = the client leaves. */
export interface Draft {
  readonly client: number;
  readonly requests: readonly Words[] | null;
}

/** Of these inside a transaction the proxy says that it does not serve them (docs/differences.md). */
const NOT_IN_TRANSACTION = /^(s|p)?(un)?subscribe$|^pubsub$|^hello$|^client$|^flushall$|^wait$/i;
const MAY_WAIT = /^b(l|r|z)|^xread/i;
const LISTENS = /^(s|p)?subscribe$/i;

/**
 * Leaves out what is refused on purpose or done otherwise (docs/differences.md), and what would be sent behind something that may
 * wait: when that is over it would go its way at the same time as what others do, and no order is the right one.
 */
export function served({ isSpread = false, restarts = false }: Setting, steps: readonly Draft[]): Step[] {
  const inside = new Set<number>();
  const watching = new Set<number>();
  const having = (test: (words: Words) => boolean): Set<number> =>
    new Set(steps.filter(({ requests }) => requests?.some(test)).map(({ client }) => client));
  const tracked = having(([, second]) => second === 'TRACKING');
  const noloop = having((words) => words.includes('NOLOOP'));
  // one that listens in RESP2 is told that it cannot do this and that, and so is not told what is refused of several servers
  const listening = having(([name]) => isSpread && LISTENS.test(name));
  const isServed = (client: number, [name, second]: Words): boolean => {
    if (inside.has(client) && NOT_IN_TRANSACTION.test(name)) return false;
    // what is watched is lost with the server: EXEC answers nil then
    if (restarts && name === 'WATCH') return false;
    // a watching connection speaks the protocol in which it began, and EXEC answers nil in another
    const speaks = name === 'HELLO' || second === 'TRACKING' || (isSpread && LISTENS.test(name));
    if (speaks && watching.has(client)) return false;
    // ends tracking here
    if (name === 'HELLO' && second === '2') return !tracked.has(client) && !listening.has(client);
    // what waits goes over another connection: the server does not remember for this one what was read there …
    if (tracked.has(client) && /^XREAD/.test(name)) return false;
    // … nor take what is done there for its own
    return !noloop.has(client) || (!MAY_WAIT.test(name) && name !== 'WATCH');
  };
  return steps.flatMap(({ client, requests }): Step[] => {
    if (requests === null) {
      inside.delete(client);
      watching.delete(client);
      return [{ client, leaves: true }];
    }
    let waits = false;
    const sent = requests.flatMap((words): Words[] => {
      const [name] = words;
      if (waits || !isServed(client, words)) return [];
      waits = MAY_WAIT.test(name) && !inside.has(client);
      if (name === 'MULTI') inside.add(client);
      if (name === 'WATCH') watching.add(client);
      if (/^(EXEC|DISCARD|RESET)$/.test(name)) inside.delete(client);
      return isSpread && LISTENS.test(name) ? [['HELLO', '3'], words] : [words];
    });
    return sent.length === 0 ? [] : [{ client, requests: sent }];
  });
}

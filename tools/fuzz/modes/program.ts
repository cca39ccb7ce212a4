import fc from 'fast-check';
import { type Draft, served } from './served.ts';
import { CLIENTS, type Setting, type Step } from './step.ts';
import { type Names, requests, SHORTLY } from './vocabulary.ts';

const AT_HOME: Names = { keys: ['{t}a', '{t}b', '{t}c'], channels: ['{t}news', '{t}other'] };
/** The two tags' hashes are even and odd: of two servers by `distribution: modula`, each has one. */
const SPREAD: Names = { keys: ['{t}a', '{t}b', '{u}a', '{u}b'], channels: ['{t}news', '{u}other'] };

const client = fc.nat({ max: CLIENTS - 1 });

/** Programs of several clients in all modes: plain, in transactions, waiting, listening, caching, in several databases, in RESP2 and RESP3. */
export function programs(setting: Setting): fc.Arbitrary<Step[]> {
  const names = setting.isSpread === true ? SPREAD : AT_HOME;
  const leaves = client.map((n): Draft => ({ client: n, requests: null }));
  const drafts = (ends: boolean): fc.Arbitrary<Draft[]> => {
    const sent = fc.record({
      client,
      requests: fc.array(requests(names, ends), { minLength: 1, maxLength: 4 }).map((each) => each.flat()),
    });
    const step = fc.oneof({ weight: 15, arbitrary: sent }, { weight: 1, arbitrary: leaves });
    return fc.array(step, { minLength: 5, maxLength: 40 });
  };
  return fc
    .oneof({ weight: 3, arbitrary: drafts(false) }, { weight: 1, arbitrary: drafts(true) })
    .map((steps) => served(setting, steps));
}

/** Whether something in it waits for a time of its own. */
export const hasTimeouts = (steps: readonly Step[]): boolean =>
  steps.some(
    (each) =>
      'requests' in each &&
      each.requests.some((words) => words.some((word) => SHORTLY.some((short) => short === word))),
  );

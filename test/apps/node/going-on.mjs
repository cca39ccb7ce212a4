import { setTimeout as sleep } from 'node:timers/promises';
import { begun, hearing } from './through-death.mjs';
import { until } from './verdicts.mjs';

/*
 * Several things that are done again and again, at once, while the master of their shard dies. What fails is tried again, as
 * its user would.
 */
const PAUSE_MS = 25;
/** While others still begin: what is kept is looked at in the end. */
const LONG_PAUSE_MS = 250;
const MANY = 200;
const BEFORE = 5;
const AFTER = 10;
/** For all to begin, and after the kill. */
const PATIENCE_MS = 60_000;

/**
 * @param works each by its name: `step(n)` does it once, and throws when it did not work; `faults()` says at the end what
 *   should not have been
 * @returns the faults of each, [] where there are none
 */
export async function goOn(works) {
  const isKilled = hearing();
  const started = Date.now();
  let killedAt = Number.POSITIVE_INFINITY;
  const isLate = () => {
    if (isKilled()) killedAt = Math.min(killedAt, Date.now());
    return Date.now() > killedAt + PATIENCE_MS;
  };
  const all = Object.entries(works).map(([name, work]) => ({ name, work, before: 0, after: 0, last: '' }));
  const enough = ({ after }) => after >= AFTER;
  await Promise.all([
    ...all.map(async (each) => {
      for (let n = 0; !all.every(enough) && !isLate(); n++) {
        const since = isKilled();
        try {
          await each.work.step(n);
          if (since) each.after++;
          else each.before++;
        } catch (error) {
          each.last = String(error?.message ?? error);
        }
        await sleep(n > MANY && !since ? LONG_PAUSE_MS : PAUSE_MS);
      }
    }),
    (async () => {
      while (!all.every(({ before }) => before >= BEFORE) && Date.now() < started + PATIENCE_MS)
        await sleep(PAUSE_MS);
      begun();
    })(),
  ]);
  const faults = {};
  for (const each of all) {
    faults[each.name] = (await each.work.faults?.()) ?? [];
    if (!enough(each))
      faults[each.name].push(`worked ${each.after} times after the kill; last: ${each.last}`);
  }
  return faults;
}

/** What was counted lies between what was confirmed and what was tried. */
export function countFaults(count, confirmed, doubtful) {
  const isRight = count >= confirmed && count <= confirmed + doubtful;
  return isRight ? [] : [`${count} counted, ${confirmed} confirmed, ${doubtful} in doubt`];
}

/** Gives numbers and takes them: each that was accepted is taken, `most` times at most, but those that a taker was told it may have lost. */
export class HandOver {
  accepted = new Set();
  taken = new Map();
  doubtful = 0;

  constructor(most = 1) {
    this.most = most;
  }

  take(n) {
    this.taken.set(n, (this.taken.get(n) ?? 0) + 1);
  }

  faults() {
    const missing = [...this.accepted].filter((n) => !this.taken.has(n));
    const often = [...this.taken].filter(([, times]) => times > this.most).map(([n]) => n);
    const said = [];
    if (missing.length > this.doubtful) said.push(`lost ${missing}, with ${this.doubtful} takes in doubt`);
    if (often.length > 0) said.push(`taken more than once: ${often}`);
    return said;
  }
}

/** A number is given each time; in the end all that were accepted have been taken. */
export function given(hand, give) {
  return {
    step: async (n) => {
      await give(n);
      hand.accepted.add(n);
    },
    faults: async () => {
      await until('the last', () => hand.faults().length === 0).catch(() => undefined);
      return hand.faults();
    },
  };
}

/**
 * A number that several clients raise at once, under WATCH: none is written twice.
 *
 * @param propose begins with a client, and says the number that would be next
 * @param commit writes it: true, false when another one was quicker, or the error that says that it was not written; throws
 *   when nobody knows
 */
export function raised(clients, { propose, commit, read }) {
  const written = new Set();
  const twice = [];
  let doubtful = 0;
  const raise = async (client) => {
    const next = await propose(client);
    let done;
    try {
      done = await commit(client, next);
    } catch (error) {
      doubtful++;
      throw error;
    }
    if (done instanceof Error) throw done;
    if (!done) return false;
    if (written.has(next)) twice.push(`${next} was written twice`);
    written.add(next);
    return true;
  };
  return {
    step: async () => {
      const done = await Promise.all(clients.map(raise));
      if (!done.some(Boolean)) throw new Error('none of both');
    },
    faults: async () => [...twice, ...countFaults(Number(await read()), written.size, doubtful)],
  };
}

/** Each walk finds all keys. @param pages begins one: lists of keys, asked for one after the other */
export function walked(count, pages) {
  const said = [];
  return {
    step: async () => {
      const seen = new Set();
      for await (const page of pages()) for (const key of page) seen.add(key);
      if (seen.size < count) said.push(`${seen.size} of ${count} keys`);
    },
    faults: () => said,
  };
}

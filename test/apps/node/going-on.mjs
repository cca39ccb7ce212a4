import { setTimeout as sleep } from 'node:timers/promises';
import { begun, hearing } from './through-death.mjs';

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

import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from './verdicts.mjs';

/*
 * What a program does while the master of its shard dies under it: says "begun" when it is at work, hears "killed", and
 * ends when enough of what it did after that worked, and everything that had been accepted.
 */
const PAUSE_MS = 25;
const BEFORE = 20;
const AFTER = 40;
/** So that a slow worker is not left behind. */
const MOST_WAITING = 30;

/** Settings of a connection to a pool that asks for a password. */
export const password = process.env.APPS_PASSWORD;

/** @returns whether the master has been killed by now */
export function hearing() {
  let killed = false;
  createInterface({ input: process.stdin }).on('line', (line) => {
    killed ||= line === 'killed';
  });
  return () => killed;
}

export function begun() {
  process.stdout.write('begun\n');
}

/**
 * Gives a queue one job after the other.
 * @param enqueue takes a number; resolves when the queue has accepted it
 * @param done numbers that were worked on
 * @returns jobs that were accepted and never done
 */
export async function feed(enqueue, done) {
  const isKilled = hearing();
  const accepted = [];
  const later = [];
  const missing = () => accepted.filter((n) => !done.has(n));
  let told = false;
  for (let n = 0; later.filter((each) => done.has(each)).length < AFTER; n++) {
    if (!told && done.size >= BEFORE) begun();
    told ||= done.size >= BEFORE;
    do await sleep(PAUSE_MS);
    while (missing().length >= MOST_WAITING);
    const since = isKilled();
    try {
      await enqueue(n);
      accepted.push(n);
      if (since) later.push(n);
    } catch {
      // not accepted: its user knows, and would ask again
    }
  }
  await until('what was accepted', () => missing().length === 0).catch(() => undefined);
  return { lost: missing(), worked: true };
}

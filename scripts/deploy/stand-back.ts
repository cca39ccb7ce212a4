import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/**
 * Weighs a third of what everybody does (sched(7)): enough for the stack's health checks, and on a machine that others keep busy an `up`
 * takes a quarter longer; with the lowest it took eight times as long.
 */
const PRIORITY = 5;
/** The kernel takes one change in 100 ms of whoever is not root. */
const AGAIN_MS = 150;
const MOST_ATTEMPTS = 20;

/** A program in a session of its own. */
interface Running {
  readonly pid?: number;
  readonly exitCode: number | null;
}

/**
 * Has a program stand back from others for processor time. What deploys has time, and the stack on the same machine has not: where no
 * systemd shares it out, all containers together weigh as much as one session (sched(7), "The autogroup feature"), so a few terraforms
 * that compare are most of a small machine, and health checks time out.
 *
 * @param program one with a session of its own: all that is in there stands back
 */
export function letStandBack(program: Running, attempts = MOST_ATTEMPTS): void {
  const { pid, exitCode } = program;
  if (pid === undefined || exitCode !== null) return;
  try {
    setPriority(pid, PRIORITY);
    // A priority counts within a session; this is that of the session.
    writeFileSync(`/proc/${pid}/autogroup`, `${PRIORITY}`);
  } catch (error) {
    // Else it has just ended, or this system has no such thing: it runs as everybody does.
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || attempts === 1) return;
    setTimeout(letStandBack, AGAIN_MS, program, attempts - 1).unref();
  }
}

import { bulkReply } from '../../../protocol/replies.ts';
import { answered } from '../answered.ts';
import type { Answer, Family } from '../session.ts';
import { commandCommand } from './command-command.ts';
import { info } from './info.ts';

/** Milliseconds by which the wall clock may differ before the finer one is set by it again: it counts no fractions. */
const TOLERANCE = 2;
let finerClockBegan = Date.now() - performance.now();

/** Microseconds since the epoch. Only `performance` counts them, and it does not notice when the clock is set. */
function microseconds(): number {
  const wall = Date.now();
  const elapsed = performance.now();
  if (Math.abs(finerClockBegan + elapsed - wall) > TOLERANCE) finerClockBegan = wall - elapsed;
  return Math.floor((finerClockBegan + elapsed) * 1000);
}

const time: Answer = () => {
  const now = microseconds();
  const seconds = bulkReply(String(Math.floor(now / 1_000_000)));
  return Buffer.concat([Buffer.from('*2\r\n'), seconds, bulkReply(String(now % 1_000_000))]);
};

/** That of the pool as INFO and HELLO have it, too: who writes through it reaches masters, and who these are is nobody's business. */
const ROLE = Buffer.from('*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n');

/** What clients ask about the server that they are connected to. */
export const INTROSPECTION: Family = {
  command: commandCommand,
  info,
  role: answered(1, 1, () => ROLE),
  time: answered(1, 1, time),
};

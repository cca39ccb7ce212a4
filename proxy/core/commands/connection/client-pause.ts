import { wordAt } from '../../../protocol/key-positions.ts';
import { errorReply, OK } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { Pause } from '../pause.ts';
import type { Asker } from '../session.ts';
import { isPeer } from './peers.ts';

/** Milliseconds since the epoch that Redis would count up to. */
const LONGEST = Number.MAX_SAFE_INTEGER;

/** CLIENT PAUSE timeout [WRITE|ALL]: no client of the pool in this process is served for so many milliseconds. */
export const clientPause = ({ pool }: Asker, frame: RequestFrame, buffer: Uint8Array): Uint8Array => {
  const given = wordAt(frame, buffer, 2);
  const scope = frame.argc === 4 ? wordAt(frame, buffer, 3) : 'all';
  if (scope !== 'all' && scope !== 'write') return errorReply('CLIENT PAUSE mode must be WRITE or ALL');
  const milliseconds = /^-?[0-9]{1,19}$/.test(given) ? Number(given) : Number.NaN;
  if (Number.isNaN(milliseconds)) return errorReply('timeout is not an integer or out of range');
  if (milliseconds < 0) return errorReply('timeout is negative');
  if (milliseconds + Date.now() > LONGEST) return errorReply('timeout is out of range');
  Pause.of(pool).begin(milliseconds, scope === 'write', isPeer);
  return OK;
};

/** CLIENT UNPAUSE: those that were held up are served. */
export const clientUnpause = ({ pool }: Asker): Uint8Array => {
  Pause.of(pool).end();
  return OK;
};

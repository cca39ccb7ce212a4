import type { LearntCommand } from '../../protocol/learnt-command.ts';
import type { RequestFrame } from '../../protocol/request-frame.ts';
import type { Session } from './session.ts';

/** Why a request of a command that was learnt from the servers is not served; null when it is. */
export function learntFault(
  { routing }: Session,
  command: LearntCommand,
  frame: RequestFrame,
  buffer: Uint8Array,
): string | null {
  const entry = command.of(frame, buffer);
  const { name, refusal } = entry;
  if (refusal !== null) return `'${name}' is not served: ${refusal}`;
  if (routing.servers.length === 1) return null;
  const keys = entry.keysOf(frame, buffer);
  if (keys === null)
    return `'${name}' is not served: the servers do not say where all its keys are, and the pool has several of them; use a pool on one shard`;
  if (keys.length === 0)
    return `'${name}' is not served: it names no key, so nothing says for which of the pool's servers it is; use a pool on one shard`;
  return null;
}

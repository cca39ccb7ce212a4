import type { Command } from '../../../protocol/command-table.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { type ScriptCache, shaIn } from '../../server/script-cache.ts';
import { asEval, isCallBySha, isScriptCall } from '../../server/script-calls.ts';

/**
 * Calls of scripts in what one server gets of a transaction. The first call of each brings the script, for nobody knows
 * to which socket EXEC will send it; those behind it find it there.
 */
export class QueuedScripts {
  private readonly brought = new Set<string>();

  constructor(private readonly cache: ScriptCache) {}

  /** The request `buffer[from, to)` as the server gets it. */
  asSent(command: Command, frame: RequestFrame, buffer: Uint8Array, from: number, to: number): Uint8Array {
    const { brought, cache } = this;
    const { args, argc } = frame;
    const asItIs = buffer.subarray(from, to);
    if (!isScriptCall(command.id) || !cache.isOn || argc < 3) return asItIs;
    if (!isCallBySha(command.id)) {
      brought.add(cache.add(buffer, args[2], args[3]));
      return asItIs;
    }
    const sha = shaIn(buffer, args[2], args[3]);
    const script = sha === null || brought.has(sha) ? undefined : cache.find(sha);
    if (script === undefined) return asItIs;
    brought.add(script.sha);
    return asEval(command.id, script, argc, buffer.subarray(args[3] + 2, to));
  }
}

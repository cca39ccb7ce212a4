import type { Readable } from 'node:stream';
import { OWNER_LABEL } from '../../../stacks/owner-label.ts';
import { fromWallClock } from './timeline.ts';
import type { VipWatch } from './vip.ts';
import type { EndWatch, WatchOptions } from './watch.ts';

const ACTIONS = ['die', 'kill', 'start', 'stop', 'pause', 'unpause', 'restart', 'oom', 'health_status'];

interface EngineEvent {
  readonly Action: string;
  readonly timeNano: number;
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> };
}

/** Notes what the engine says happens to the stack's containers, and tells the VIP watch whom to look at anew. */
export async function watchEngine(options: WatchOptions, vip: VipWatch): Promise<EndWatch> {
  const { engine, plan, timeline } = options;
  const stream = (await engine.getEvents({
    filters: { type: ['container'], label: [`${OWNER_LABEL}=${plan.name}`], event: ACTIONS },
  })) as Readable;
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { Action, Actor, timeNano } = JSON.parse(line) as EngineEvent;
      const { name, signal, exitCode } = Actor.Attributes;
      const detail = signal ?? exitCode;
      timeline.note(
        'engine',
        Action,
        detail === undefined ? name : `${name} (${detail})`,
        fromWallClock(timeNano / 1e6),
      );
      vip.containerEvent(name, Action);
    }
  });
  stream.on('error', () => undefined);
  return () => stream.destroy();
}

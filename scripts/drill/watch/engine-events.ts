import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { OWNER_LABEL } from '../../../stacks/owner-label.ts';
import type { EndWatch, WatchOptions } from './options.ts';
import { fromWallClock } from './timeline.ts';
import type { VipWatch } from './vip.ts';

const AGAIN_MS = 100;
const ACTIONS = ['die', 'kill', 'start', 'stop', 'pause', 'unpause', 'restart', 'oom', 'health_status'];

interface EngineEvent {
  readonly Action: string;
  readonly timeNano: number;
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> };
}

/** Notes what the engine says happens to the stack's containers, and tells the VIP watch whom to look at anew. */
export async function watchEngine(options: WatchOptions, vip: VipWatch): Promise<EndWatch> {
  const watch = new EngineWatch(options, vip);
  await watch.connect();
  return () => watch.end();
}

class EngineWatch {
  readonly #options: WatchOptions;
  readonly #vip: VipWatch;
  /** When the last event that was seen happened, as the engine says it (ns). */
  #last = 0;
  #stream: Readable | undefined;
  #ended = false;

  constructor(options: WatchOptions, vip: VipWatch) {
    this.#options = options;
    this.#vip = vip;
  }

  end(): void {
    this.#ended = true;
    this.#stream?.destroy();
  }

  /** Returns when it sees. An engine that hangs up is asked again, from where it stopped, until the watch ends. */
  async connect(): Promise<void> {
    const { engine, plan } = this.#options;
    const resume = this.#last;
    const stream = (await engine.getEvents({
      filters: { type: ['container'], label: [`${OWNER_LABEL}=${plan.name}`], event: ACTIONS },
      since: resume > 0 ? resume / 1e9 : undefined,
    })) as Readable;
    this.#stream = stream;
    if (this.#ended) stream.destroy();
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      const events = lines.map((line) => JSON.parse(line) as EngineEvent);
      for (const event of events) if (event.timeNano > resume) this.#event(event);
    });
    stream.on('error', () => undefined);
    stream.once('close', () => void this.#connectAgain());
  }

  async #connectAgain(): Promise<void> {
    while (!this.#ended) {
      await delay(AGAIN_MS);
      try {
        await this.connect();
        // A restarted engine does not tell of what it stopped, and maybe not of all that it started.
        await this.#vip.findProcesses();
        return;
      } catch {
        // It does not answer yet.
      }
    }
  }

  #event({ Action, Actor, timeNano }: EngineEvent): void {
    this.#last = Math.max(this.#last, timeNano);
    const { name, signal, exitCode } = Actor.Attributes;
    const detail = signal ?? exitCode;
    const text = detail === undefined ? name : `${name} (${detail})`;
    this.#options.timeline.note('engine', Action, text, fromWallClock(timeNano / 1e6));
    this.#vip.containerEvent(name, Action);
  }
}

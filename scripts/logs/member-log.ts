import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { Member } from '../../topology/types.ts';
import { eventOf } from './events.ts';
import { parseLine } from './formats/parse-line.ts';
import { type EngineLine, linesOf } from './frames.ts';
import { LIVE } from './merge.ts';
import { isEngineGone, openLog } from './open-log.ts';
import type { LogRecord, ParsedLine } from './record.ts';

/** Between two tries for a log that has ended, or cannot be had. Milliseconds. */
const AGAIN_MS = 100;
/** An engine that sends nothing of a log that it has for so long will not any more. Milliseconds. */
const SILENT_MS = 15_000;

export interface LogOptions {
  readonly engine: Docker;
  /** Milliseconds since 1970; undefined = everything that the engine has kept. */
  readonly since?: number;
  /** Goes on with what is written from now on, over restarts, until the signal. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Members that cannot be read, and the engine: each is told of once, by whoever finds it first. Shared by all. */
  readonly silent: Set<string>;
  /** Instead of `SILENT_MS`. */
  readonly patienceMs?: number;
}

/**
 * One member's log: what the engine has, then `LIVE`, then, when it is followed, what is written. A log that cannot be read is
 * a line of it, as is that it can be read again. Never throws.
 */
export async function* memberLog(
  member: Member,
  options: LogOptions,
): AsyncGenerator<LogRecord | typeof LIVE> {
  const { follow, signal, since } = options;
  const log = new MemberLog(member, options);
  yield* log.read(since, false);
  yield LIVE;
  while (follow && !signal.aborted) {
    yield* log.read(since, true);
    await delay(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

class MemberLog {
  /** Of the last line that was read. The engine's stamps sort as text. */
  #last = '';

  constructor(
    private readonly member: Member,
    private readonly options: LogOptions,
  ) {}

  async *read(since: number | undefined, follow: boolean): AsyncGenerator<LogRecord> {
    const { engine, signal, silent } = this.options;
    const resume = this.#last;
    const from = resume === '' ? since : Date.parse(resume);
    let stream: Readable | undefined;
    try {
      stream = await openLog(engine, this.member.name, { since: from, follow, signal });
      if (silent.delete('the engine')) yield this.#own('notice', 'the engine answers again');
      if (silent.delete(this.member.name)) yield this.#own('notice', 'its log can be read again');
      for await (const line of linesOf(watched(stream, follow ? undefined : this.#patience))) {
        if (line.stamp <= resume) continue;
        if (line.stamp > this.#last) this.#last = line.stamp;
        yield this.#record(line, parseLine(line.text, this.member.role));
      }
    } catch (error) {
      if (!signal.aborted) yield* this.#trouble(error as Error);
    } finally {
      stream?.destroy();
    }
  }

  get #patience(): number {
    return this.options.patienceMs ?? SILENT_MS;
  }

  *#trouble(error: Error): Generator<LogRecord> {
    const { silent } = this.options;
    const who = isEngineGone(error) ? 'the engine' : this.member.name;
    if (silent.has(who)) return;
    silent.add(who);
    const what = who === this.member.name ? 'its log cannot be read' : 'the engine does not answer';
    yield this.#own('error', `${what}: ${error.message.trim()}`);
  }

  /** What this program itself has to say about the member. */
  #own(level: ParsedLine['level'], text: string): LogRecord {
    return this.#record({ stamp: nowStamp(), text }, { program: 'logs', level, text });
  }

  #record({ stamp }: EngineLine, parsed: ParsedLine): LogRecord {
    const { name, domain, role } = this.member;
    const shard = this.member.role === 'redis' ? { shard: this.member.shard } : {};
    const event = eventOf(parsed);
    return {
      stamp,
      member: name,
      domain,
      role,
      ...shard,
      ...parsed,
      ...(event === undefined ? {} : { event }),
    };
  }
}

/** This machine's clock in the engine's form. */
export const nowStamp = (at: number = Date.now()): string =>
  new Date(at).toISOString().replace('Z', '000000Z');

/** The chunks of a stream; gives up when none comes for so long. Whoever takes his time to ask for the next one may. */
async function* watched(stream: Readable, patienceMs: number | undefined): AsyncGenerator<Buffer> {
  const chunks = stream[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await within(stream, patienceMs, () => chunks.next());
    if (done === true) return;
    yield value as Buffer;
  }
}

async function within<T>(stream: Readable, ms: number | undefined, work: () => Promise<T>): Promise<T> {
  if (ms === undefined) return work();
  const silent = (): void => {
    stream.destroy(new Error(`the engine has sent nothing of it for ${ms / 1000} s`));
  };
  const timer = setTimeout(silent, ms);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

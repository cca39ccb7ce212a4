import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { OWNER_LABEL } from '../../stacks/owner-label.ts';
import type { AnyPlan, Member } from '../../topology/types.ts';
import type { ContainerState } from '../observe/engine.ts';
import { eventOf } from './events.ts';
import { type LogOptions, nowStamp } from './member-log.ts';
import { LIVE } from './merge.ts';
import type { Level, LogRecord } from './record.ts';

const AGAIN_MS = 250;

/** What the engine calls what it did to a container, in words. */
const WORDS: Readonly<Record<string, readonly [text: string, level: Level]>> = {
  create: ['was made', 'notice'],
  destroy: ['was removed', 'notice'],
  start: ['was started', 'notice'],
  die: ['ended', 'warning'],
  oom: ['was killed for its memory limit', 'error'],
  pause: ['was frozen', 'warning'],
  unpause: ['was let go on', 'notice'],
  'health_status: unhealthy': ['is unhealthy', 'warning'],
  'health_status: healthy': ['is healthy', 'notice'],
};

/** Without them the engine would tell of each healthcheck. */
const ACTIONS = ['create', 'destroy', 'start', 'die', 'oom', 'pause', 'unpause', 'health_status'];

/** One message of the engine's /events. */
interface EngineEvent {
  readonly Action: string;
  readonly timeNano: number;
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> };
}

/**
 * What the engine did to the members. Of what has been it remembers minutes only, so of that there is what the containers
 * themselves tell: when they were made and last started.
 */
export async function* engineLog(
  plan: AnyPlan,
  members: readonly Member[],
  containers: ReadonlyMap<string, ContainerState>,
  options: LogOptions,
): AsyncGenerator<LogRecord | typeof LIVE> {
  const { engine, follow, signal, since = 0 } = options;
  const byName = new Map(members.map((member) => [member.name, member]));
  const begun = Date.now();
  /** Of the last event, nanoseconds. */
  let last = begun * 1e6;
  const past = members.flatMap((member) => {
    const container = containers.get(member.name);
    return container === undefined ? [] : pastOf(member, container);
  });
  const told = past.filter(({ at }) => at >= since && at <= begun).sort((a, b) => a.at - b.at);
  for (const { record } of told) yield record;
  yield LIVE;
  while (follow && !signal.aborted) {
    let stream: Readable | undefined;
    try {
      stream = (await engine.getEvents({
        filters: { type: ['container'], label: [`${OWNER_LABEL}=${plan.name}`], event: ACTIONS },
        since: last / 1e9,
        abortSignal: signal,
      })) as Readable;
      const seen = last;
      for await (const line of textLines(stream)) {
        const event = JSON.parse(line) as EngineEvent;
        if (event.timeNano <= seen) continue;
        last = Math.max(last, event.timeNano);
        const member = byName.get(event.Actor.Attributes.name);
        const record = member === undefined ? undefined : recordOf(member, event);
        if (record !== undefined) yield record;
      }
    } catch {
      // The members' logs tell that the engine does not answer; it is asked again from where it stopped.
    } finally {
      stream?.destroy();
    }
    await delay(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function* textLines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
}

function pastOf(member: Member, container: ContainerState): Array<{ at: number; record: LogRecord }> {
  const { createdAt, startedAt, restarts, imageName } = container;
  const again = restarts === 0 ? '' : `, restarted ${restarts} times by itself until now`;
  return [
    { at: createdAt, record: record(member, createdAt, `was made from ${imageName}`, 'notice') },
    { at: startedAt, record: record(member, startedAt, `was started${again}`, 'notice') },
  ];
}

function recordOf(member: Member, { Action, timeNano, Actor }: EngineEvent): LogRecord | undefined {
  const [text, level] = WORDS[Action] ?? [];
  if (text === undefined || level === undefined) return undefined;
  const { exitCode, image } = Actor.Attributes;
  const detail =
    Action === 'die' ? ` with exit code ${exitCode}` : Action === 'create' ? ` from ${image}` : '';
  return record(member, timeNano / 1e6, `${text}${detail}`, level);
}

function record(member: Member, at: number, text: string, level: Level): LogRecord {
  const line = { program: 'engine', level, text } as const;
  const { name, domain, role } = member;
  const shard = member.role === 'redis' ? { shard: member.shard } : {};
  const event = eventOf(line);
  return {
    stamp: nowStamp(at),
    member: name,
    domain,
    role,
    ...shard,
    ...line,
    ...(event === undefined ? {} : { event }),
  };
}

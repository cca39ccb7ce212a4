import { setMaxListeners } from 'node:events';
import { parseDuration } from '../../topology/units.ts';
import { isOutputClosed } from '../closed-output.mjs';
import { EXIT, InputError, NotSoError } from '../errors.ts';
import { engineLog } from '../logs/engine-log.ts';
import { type LogOptions, memberLog } from '../logs/member-log.ts';
import { mergeByTime } from '../logs/merge.ts';
import { isAtLeast, type Level, type LogRecord } from '../logs/record.ts';
import { selectMembers } from '../logs/select-members.ts';
import { LineShow } from '../logs/show.ts';
import { listContainers } from '../observe/engine.ts';
import { demandEngines } from '../stack/engines.ts';
import { stackFolder } from '../stack/home.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { RoutedClient } from '../stack/routed-client.ts';
import type { CommonOptions } from './context.ts';

export interface LogsOptions extends CommonOptions {
  /** A duration until now, a time, or `all`. */
  readonly since: string;
  readonly follow?: boolean;
  readonly level: Level;
  readonly events?: boolean;
}

/** What was written before something else comes in so much later at the latest. Milliseconds. */
const GRACE_MS = 400;

/** All members' logs as one; with `--json` each line is a document. Ends with 0 when it is interrupted, or nobody reads on. */
export async function logsVerb(options: LogsOptions, ...given: string[]): Promise<number> {
  const plan = loadAnyPlan(options.file);
  // commander gives `[who...]` as one array
  const selected = selectMembers(plan, given.flat());
  const since = sinceOf(options.since);
  // A log of each, and what the engine does: all of them last until the end.
  const streams = 1 + Math.max(...plan.domains.map(({ members }) => members.length));
  const engines = await demandEngines(plan, stackFolder(options.file), streams);
  const { client } = engines;
  const containers = await listContainers(client, plan.name);
  const away = client instanceof RoutedClient ? client.unreachable : new Map<string, string>();
  for (const [domain, why] of away)
    process.stderr.write(`host ${domain} is not reached, so its logs are left out: ${why}\n`);
  if (containers.size === 0) {
    throw new NotSoError(`there is no log of ${plan.name}: the engine has no container of it`, {
      where: plan.name,
      remedy: 'run `twemstack up` first',
    });
  }
  const stop = new AbortController();
  // Every request to the engine listens to it.
  setMaxListeners(0, stop.signal);
  const end = (): void => stop.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  const follow = options.follow === true;
  const sources = [...new Set(engines.list.map(({ docker }) => docker))].flatMap((engine) => {
    const domains = engines.list.filter(({ docker }) => docker === engine).map(({ domain }) => domain);
    const members = selected.filter(({ domain }) => domains.includes(domain) && !away.has(domain));
    const common: LogOptions = { engine, since, follow, signal: stop.signal, silent: new Set() };
    return members.length === 0
      ? []
      : [engineLog(plan, members, containers, common), ...members.map((member) => memberLog(member, common))];
  });
  const show = new LineShow(
    plan.members.map(({ name }) => name),
    process.stdout.isTTY === true && !process.env.NO_COLOR,
  );
  let shown = 0;
  try {
    for await (const record of mergeByTime(sources, GRACE_MS)) {
      if (stop.signal.aborted) break;
      if (!isWanted(record, options)) continue;
      shown += 1;
      const text = options.json === true ? `${JSON.stringify(record)}\n` : show.line(record);
      if (!(await write(text, stop.signal))) break;
    }
  } finally {
    end();
    process.off('SIGINT', end).off('SIGTERM', end);
  }
  if (shown === 0 && options.follow !== true) {
    process.stderr.write(
      `nothing was logged since ${options.since}; --since all shows what the engine has kept\n`,
    );
  }
  return EXIT.done;
}

const isWanted = ({ level, event }: LogRecord, options: LogsOptions): boolean =>
  isAtLeast(level, options.level) && (options.events !== true || event !== undefined);

/** Waits for a slow reader. @returns false when nobody reads any more */
async function write(text: string, signal: AbortSignal): Promise<boolean> {
  const { stdout } = process;
  if (isOutputClosed()) return false;
  if (!stdout.write(text)) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stdout.off('drain', done).off('close', done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      stdout.on('drain', done).on('close', done);
      signal.addEventListener('abort', done);
    });
  }
  return !isOutputClosed();
}

/** @returns milliseconds since 1970; undefined: everything */
function sinceOf(text: string): number | undefined {
  if (text === 'all') return undefined;
  const hours = /^(\d+(?:\.\d+)?)\s*(h|d)$/.exec(text);
  const duration =
    hours === null ? parseDuration(text) : Number(hours[1]) * (hours[2] === 'h' ? 3_600_000 : 86_400_000);
  if (duration !== undefined) return Date.now() - duration;
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new InputError(`"${text}" is neither a duration, nor a time, nor \`all\``, {
    where: '--since',
    remedy: 'such as 30s, 10m, 2h, 1d, or 2026-01-31T12:00:00Z',
  });
}

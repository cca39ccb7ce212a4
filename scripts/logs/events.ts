import type { ParsedLine, Program } from './record.ts';

/** What a reader of a failure looks for first: who wrote it, how it begins or what is in it, what it is. */
const EVENTS: ReadonlyArray<readonly [program: Program, match: RegExp, event: string]> = [
  ['sentinel', /^\+switch-master /, 'switch-master'],
  ['sentinel', /^\+(?:try-failover|elected-leader|selected-slave|promoted-slave|failover-end) /, 'failover'],
  ['sentinel', /^-failover-abort/, 'failover aborted'],
  ['sentinel', /^\+odown master /, 'master down'],
  ['sentinel', /^-odown master /, 'master back'],
  ['sentinel', /^[+-]tilt/, 'tilt'],
  ['guard', /^is master in term /, 'promotion'],
  ['guard', /^its redis was told to end|^ends without having handed over/, 'hand-over'],
  ['guard', /steps down/, 'step down'],
  ['guard', /^follows \S+, master in term /, 'follows'],
  ['guard', /^was selected to be master, but is not/, 'waits'],
  ['guard', /^is BUSY/, 'busy'],
  ['entrypoint', /^starting as |^watching /, 'start'],
  ['entrypoint', /^refusing to start/, 'no start'],
  ['entrypoint', /^ALARM/, 'alarm'],
  ['entrypoint', /does not load|damaged/, 'damaged data'],
  ['redis', /^Received (?:SIGTERM|SIGINT|shutdown signal)|scheduling shutdown/, 'stop'],
  ['redis', /BUG REPORT|crashed by signal|Out Of Memory allocating/, 'crash'],
  ['redis', /^Error writing to the AOF|MISCONF|Can't save in background|[Nn]o space left/, 'disk'],
  ['keepalived', /^VRRP state (?:of \S+ )?is (?:MASTER|FAULT)$/, 'VIP'],
  ['supervisor', /^took \S+ off /, 'VIP'],
  ['supervisor', /hangs|^HAProxy ended|^keepalived ended|did not start/, 'edge fails'],
  ['supervisor', /^stopping/, 'stop'],
  ['supervisor', /^reading the configuration again/, 'reload'],
  ['supervisor', /^full:/, 'full'],
  ['haproxy', /^Server \S+ is DOWN/, 'proxy down'],
  ['haproxy', /^Server \S+ is UP/, 'proxy up'],
  ['haproxy', /^backend \S+ has no server available/, 'no proxy'],
  ['proxy', /^'[^']+' is at .* now, was |^'[^']+' is at .* ahead of /, 'cutover'],
  ['proxy', /a majority of sentinels holds .* for down/, 'master down'],
  ['proxy', / is in force$/, 'reload'],
  ['proxy', /^reload refused/, 'reload refused'],
  ['proxy', /^a defect of the proxy/, 'crash'],
  ['engine', /^was made/, 'deploy'],
  ['engine', /^was removed/, 'deploy'],
  ['engine', /^was started/, 'start'],
  ['engine', /^ended/, 'end'],
  ['engine', /^was killed for its memory/, 'out of memory'],
  ['engine', /^was (?:frozen|let go on)/, 'pause'],
  ['engine', /^is unhealthy/, 'unhealthy'],
];

/** The kind of event that a line tells of; undefined when it is none that matters. */
export const eventOf = ({ program, text }: ParsedLine): string | undefined =>
  EVENTS.find(([by, match]) => by === program && match.test(text))?.[2];

import type { RuntimeName } from './install.ts';

/** What a user of it may rely on when the master dies, as docs/applications.md says it. */
export type Kept =
  | 'nothing is lost, heard again'
  | 'nothing stored is lost'
  | 'nothing stale is read'
  | 'counts stay right'
  | 'one holder at a time'
  | 'one job at a time'
  | 'heard again'
  | 'no job lost but those it logs';

/**
 * A program that does several things again and again, at once, while the master of their shard is killed: it prints what
 * should not have been of each, under `ROW: what`, or `ROW` where there is but one.
 */
export interface GoingOn {
  readonly runtime: RuntimeName;
  readonly program: string;
  /** By the row of docs/applications.md. */
  readonly rows: Readonly<Record<string, Kept>>;
}

const CLIENT = 'nothing is lost, heard again';
const STORE = 'nothing stored is lost';

export const GOING_ON: readonly GoingOn[] = [
  {
    runtime: 'node',
    program: 'going-on-death',
    rows: {
      ioredis: CLIENT,
      'node-redis': CLIENT,
      'connect-redis': STORE,
      keyv: STORE,
      'cache-manager': STORE,
      'rate-limiter-flexible': 'counts stay right',
      'rate-limit-redis': 'counts stay right',
      redlock: 'one holder at a time',
      'redis-semaphore': 'one holder at a time',
      'node-resque': 'no job lost but those it logs',
      Bottleneck: 'one job at a time',
      'graphql-redis-subscriptions': 'heard again',
    },
  },
  {
    runtime: 'python',
    program: 'going_on_death',
    rows: { 'redis-py': CLIENT, 'django-redis': STORE, limits: 'counts stay right' },
  },
  {
    runtime: 'go',
    program: 'going-on-death',
    rows: { 'go-redis': CLIENT, redsync: 'one holder at a time', rueidis: 'nothing stale is read' },
  },
  {
    runtime: 'java',
    program: 'going-on-death',
    rows: {
      Jedis: CLIENT,
      Redisson: CLIENT,
      'Spring Data Redis': CLIENT,
      'Spring Session': STORE,
      'Spring Session, indexed': STORE,
    },
  },
];

/** What a program said of one row: its own line, and those behind a colon. */
export function faultsOf(said: Readonly<Record<string, unknown>>, row: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(said).filter(([name]) => name === row || name.startsWith(`${row}: `)),
  );
}

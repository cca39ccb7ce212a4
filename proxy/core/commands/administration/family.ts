import type { Family } from '../session.ts';
import { config } from './config.ts';
import { functions } from './functions.ts';
import { logs } from './logs.ts';

/** What the servers know of themselves, as one, and what all of them must know alike. */
export const ADMINISTRATION: Family = {
  config,
  function: functions,
  lastsave: logs,
  latency: logs,
  slowlog: logs,
};

import type { Role } from '../../topology/types.ts';

/** Least telling first. */
export const LEVELS = ['debug', 'info', 'notice', 'warning', 'error'] as const;
export type Level = (typeof LEVELS)[number];

/** Who can have written a line. `supervisor` runs HAProxy and keepalived; `logs` is this program itself. */
export const PROGRAMS = [
  'redis',
  'sentinel',
  'guard',
  'entrypoint',
  'haproxy',
  'keepalived',
  'supervisor',
  'proxy',
  'prometheus',
  'alertmanager',
  'exporter',
  'engine',
  'logs',
] as const;
export type Program = (typeof PROGRAMS)[number];

/** One line of a daemon's log, taken apart. */
export interface ParsedLine {
  readonly program: Program;
  readonly level: Level;
  /** Without time, process and level. */
  readonly text: string;
  /** When it was written by the daemon's own clock, milliseconds since 1970; undefined where the line does not say. */
  readonly ownTime?: number;
}

/** Takes one line apart; undefined: it is not in this format. `role` is that of the member whose log it is from. */
export type LineFormat = (line: string, role: Role) => ParsedLine | undefined;

/** One line of the one log that all members' logs become. */
export interface LogRecord extends ParsedLine {
  /** When the engine took it: one clock for all members of an engine. RFC 3339 with nanoseconds, so it sorts as text. */
  readonly stamp: string;
  readonly member: string;
  readonly domain: string;
  readonly role: Role;
  /** Redis only. */
  readonly shard?: string;
  /** What kind of event that matters it is; undefined for all others. */
  readonly event?: string;
}

/** Whether a level is at least another. */
export const isAtLeast = (level: Level, least: Level): boolean =>
  LEVELS.indexOf(level) >= LEVELS.indexOf(least);

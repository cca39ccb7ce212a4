/**
 * Reading typed values out of a stack file. Each reader returns the value, the default when the key is absent, or
 * undefined after having reported why the file's value cannot stand. Rules skip what is undefined, so that one
 * mistake gives one message.
 */
import { elsewhere } from './keys.ts';
import { nearest } from './nearest.ts';
import type { Path, Refusal } from './problems.ts';
import type { StackFile } from './stack-file.ts';
import { formatDuration, formatSizeMb, parseDuration, parseSizeMb } from './units.ts';

export type Plain = string | number | boolean;
/** Turns a plain value into what the topology wants, or says why not. */
export type Parser<T> = (raw: Plain) => { readonly ok: T } | Refusal;

interface Default<T> {
  readonly value: T | undefined;
  /** How to speak of the default when a key stands there without a value. */
  readonly shown?: string;
}

/** A key that must be there has no default. */
export const REQUIRED: Default<never> = { value: undefined };

/** One plain value. */
export function readValue<T>(
  file: StackFile,
  path: Path,
  parse: Parser<T>,
  fallback: Default<T>,
): T | undefined {
  const content = file.content(path);
  if (content.kind === 'absent') return fallback.value;
  if (content.kind === 'empty') {
    const shown = fallback.shown ?? (fallback.value === undefined ? undefined : String(fallback.value));
    const orDefault = shown === undefined ? '' : `, or remove the key to take the default (${shown})`;
    file.report({ path, rule: 'has no value', remedy: `Write one behind the colon${orDefault}.`, value: '' });
    return undefined;
  }
  if (content.kind !== 'scalar') {
    const what = content.kind === 'list' ? 'a list' : 'a mapping';
    file.report({ path, rule: `is ${what} where one plain value belongs`, remedy: 'Write a single value.' });
    return undefined;
  }
  const result = parse(content.value);
  if ('ok' in result) return result.ok;
  file.report({ path, ...result });
  return undefined;
}

/** A value that must be there. `missing` says what to write when it is not. */
export function readRequired<T>(
  file: StackFile,
  path: Path,
  parse: Parser<T>,
  missing: string,
): T | undefined {
  const key = path[path.length - 1];
  const siblings = file.keys(path.slice(0, -1));
  // A misspelt key is reported where it stands, and that is enough.
  const misspelt = siblings.some((other) => nearest(other, [String(key)]) !== undefined);
  if (!file.has(path) && !misspelt) file.report({ path, rule: 'is missing', remedy: missing });
  return readValue(file, path, parse, REQUIRED);
}

/** A mapping's keys are checked against the known ones. False when there is no mapping to read (absent is fine: true). */
export function checkMapping(
  file: StackFile,
  path: Path,
  known: readonly string[],
  refused: Readonly<Record<string, Refusal>> = {},
): boolean {
  const { kind } = file.content(path);
  if (kind === 'absent') return true;
  if (kind !== 'mapping') {
    const rule = kind === 'empty' ? 'has nothing under it' : 'is no mapping';
    const remedy = `Write keys under it (${known.join(', ')})${path.length === 0 ? '' : ', or remove it to take the defaults'}.`;
    file.report({ path, rule, remedy, value: kind === 'empty' ? '' : undefined });
    return false;
  }
  for (const key of file.keys(path)) {
    if (known.includes(key)) continue;
    const special = Object.hasOwn(refused, key) ? refused[key] : unknownKey(key, known);
    file.report({ path: [...path, key], ...special, atKey: true });
  }
  return true;
}

function unknownKey(key: string, known: readonly string[]): Refusal {
  const list = `Known here: ${known.join(', ')}.`;
  const meant = nearest(key, known) ?? elsewhere(key);
  return { rule: 'is an unknown key', remedy: meant === undefined ? list : `Did you mean ${meant}? ${list}` };
}

/** A whole number within limits, both included. */
export function integer(min: number, max: number): Parser<number> {
  return (raw) => {
    if (typeof raw === 'number' && Number.isInteger(raw) && raw >= min && raw <= max) return { ok: raw };
    const rule = `is not a whole number from ${min} to ${max}`;
    if (typeof raw === 'number' && !Number.isNaN(raw))
      return { rule, remedy: `The nearest is ${clamp(Math.round(raw), min, max)}.` };
    const quoted = typeof raw === 'string' && /^\d+$/.test(raw);
    return { rule, remedy: quoted ? `Write it without quotes: ${raw}.` : 'Write a number.' };
  };
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

/** One of a fixed set of words. */
export function oneOf<T extends string>(words: readonly T[], noun: string): Parser<T> {
  return (raw) => {
    const word = words.find((candidate) => candidate === raw);
    if (word !== undefined) return { ok: word };
    const meant = nearest(String(raw), words);
    return {
      rule: `is not a known ${noun}: ${words.join(', ')}`,
      remedy: meant === undefined ? 'Use one of these.' : `Did you mean ${meant}?`,
    };
  };
}

/**
 * A duration in milliseconds, within limits and a multiple of `step`. A bare number counts as milliseconds unless
 * `unitNeeded`, for settings whose own daemon counts in seconds.
 */
export function duration(limits: {
  min: number;
  max: number;
  step?: number;
  unitNeeded?: boolean;
}): Parser<number> {
  const { min, max, step = 1, unitNeeded = false } = limits;
  const inSteps = step === 1 ? '' : ` in steps of ${formatDuration(step)}`;
  const range = `from ${formatDuration(min)} to ${formatDuration(max)}${inSteps}`;
  return (raw) => {
    const bare = typeof raw === 'number' || (typeof raw === 'string' && /^[\d.]+$/.test(raw));
    if (bare && (unitNeeded || typeof raw === 'string'))
      return { rule: 'has no unit', remedy: `Write one, e.g. ${raw}s or ${raw}ms.` };
    const ms = typeof raw === 'number' ? raw : parseDuration(String(raw));
    if (ms === undefined)
      return { rule: 'is not a duration', remedy: `Write e.g. 500ms, 1s or 2m, ${range}.` };
    if (ms >= min && ms <= max && ms % step === 0) return { ok: ms };
    const near = clamp(Math.round(ms / step) * step, min, max);
    const hint = typeof raw === 'number' ? ' A number without unit counts as milliseconds.' : '';
    return { rule: `is not a duration ${range}`, remedy: `The nearest is ${formatDuration(near)}.${hint}` };
  };
}

/** A size in whole MB within limits. */
export function sizeMb(min: number, max: number): Parser<number> {
  const range = `from ${formatSizeMb(min)} to ${formatSizeMb(max)}`;
  return (raw) => {
    if (typeof raw === 'number')
      return { rule: 'has no unit', remedy: `Write one, e.g. ${Math.round(raw)}mb.` };
    const mb = parseSizeMb(String(raw));
    if (mb === undefined)
      return { rule: 'is not a size in mb or gb', remedy: `Write e.g. 64mb or 2gb, ${range}.` };
    if (mb >= min && mb <= max) return { ok: mb };
    return {
      rule: `is not a size ${range}`,
      remedy: `The nearest is ${formatSizeMb(clamp(mb, min, max))}.`,
    };
  };
}

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from './home.ts';
import { readIfPresent } from './private-file.ts';

/** The parts of a terraform state that name what it manages. */
interface State<T> {
  readonly resources?: ReadonlyArray<{
    readonly type: string;
    readonly instances?: ReadonlyArray<{ readonly attributes?: Partial<T> }>;
  }>;
}

/** Folder of the states of everything that belongs to a stack. */
export const stateDir = (home: Home, stack: string): string => join(home.stack(stack), 'state');

/** Where terraform keeps the state of one CDKTF stack. */
export const stateFile = (home: Home, stack: string, cdktfStack: string): string =>
  join(stateDir(home, stack), `${cdktfStack}.tfstate`);

/** Attributes of all resources of a type in the state of one CDKTF stack; none when there is no state, or a damaged one. */
export function attributesInState<T>(
  home: Home,
  stack: string,
  cdktfStack: string,
  type: string,
): Partial<T>[] {
  return attributesIn(readIfPresent(stateFile(home, stack, cdktfStack)), type);
}

/** The same of all states of a stack, also of domains that it no longer has. */
export function attributesInStates<T>(home: Home, stack: string, type: string): Partial<T>[] {
  return stateFiles(home, stack).flatMap((path) => attributesIn<T>(readIfPresent(path), type));
}

/** Paths of all state files of a stack. */
export function stateFiles(home: Home, stack: string): string[] {
  const dir = stateDir(home, stack);
  const names = existsSync(dir) ? readdirSync(dir) : [];
  return names.filter((name) => name.endsWith('.tfstate')).map((name) => join(dir, name));
}

/** Whether terraform can read a state: it makes the file to lock it, and leaves it empty when it is killed before it wrote. */
export const isReadableState = (text: string): boolean => parseState(text) !== undefined;

function parseState<T>(text: string): State<T> | undefined {
  if (text.trim() === '') return {};
  try {
    const state = JSON.parse(text) as State<T> & { version?: number };
    return typeof state?.version === 'number' ? state : undefined;
  } catch {
    return undefined;
  }
}

function attributesIn<T>(text: string | undefined, type: string): Partial<T>[] {
  const { resources = [] } = parseState<T>(text ?? '') ?? {};
  return resources
    .filter((resource) => resource.type === type)
    .flatMap(({ instances }) => instances ?? [])
    .flatMap(({ attributes }) => attributes ?? []);
}

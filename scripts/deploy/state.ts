import { join } from 'node:path';
import type { Home } from '../stack/home.ts';
import { readIfPresent } from '../stack/private-file.ts';

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

/** Attributes of all resources of a type in the state of one CDKTF stack; none when there is no state. */
export function attributesInState<T>(
  home: Home,
  stack: string,
  cdktfStack: string,
  type: string,
): Partial<T>[] {
  const text = readIfPresent(stateFile(home, stack, cdktfStack)) ?? '';
  // terraform makes the file to lock it; killed before it had anything to write, it leaves it empty
  if (text.trim() === '') return [];
  const { resources = [] } = JSON.parse(text) as State<T>;
  return resources
    .filter((resource) => resource.type === type)
    .flatMap(({ instances }) => instances ?? [])
    .flatMap(({ attributes }) => attributes ?? []);
}

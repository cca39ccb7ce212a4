import { planAny, planStack } from '../../topology/plan.ts';
import { formatProblems } from '../../topology/problems.ts';
import { type Loaded, loadAnyTopology, loadTopology } from '../../topology/rules.ts';
import type { AnyPlan, Plan } from '../../topology/types.ts';
import { fileTrouble, InputError } from '../errors.ts';
import { stackFilePath } from './home.ts';
import { readIfPresent } from './private-file.ts';

/**
 * Stack file -> plan of a stack on one engine, for those who know no other.
 *
 * @throws InputError with every mistake of the file at once, each with line and column; several hosts are one.
 */
export const loadPlan = (file: string | undefined): Plan => planStack(load(file, loadTopology));

/** The same of whatever the file describes. */
export const loadAnyPlan = (file: string | undefined): AnyPlan => planAny(load(file, loadAnyTopology));

function load<T>(file: string | undefined, read: (text: string, file: string) => Loaded<T>): T {
  const given = file ?? process.env.TWEMSTACK_FILE;
  const path = stackFilePath(file);
  const text = readStackFile(path);
  if (text === undefined) {
    throw new InputError(`there is no stack file ${given ?? 'stack.yaml'}`, {
      where: path,
      remedy: 'name one with --file, or write one: `name` and `vip` are all it needs',
    });
  }
  const loaded = read(text, given ?? 'stack.yaml');
  if (loaded.ok) return loaded.topology;
  const count = loaded.problems.length;
  throw new InputError(
    `${given ?? 'stack.yaml'} has ${count} mistake${count === 1 ? '' : 's'}; nothing was touched\n\n${formatProblems(loaded.problems, text)}`,
  );
}

function readStackFile(path: string): string | undefined {
  try {
    return readIfPresent(path);
  } catch (cause) {
    const trouble = fileTrouble(cause);
    if (trouble === undefined) throw cause;
    throw new InputError(`the stack file cannot be read: ${trouble}`, {
      where: path,
      remedy: 'name the file itself with --file',
      cause,
    });
  }
}

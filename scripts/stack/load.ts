import { planStack } from '../../topology/plan.ts';
import { formatProblems } from '../../topology/problems.ts';
import { loadTopology } from '../../topology/rules.ts';
import type { Plan } from '../../topology/types.ts';
import { InputError } from '../errors.ts';
import { stackFilePath } from './home.ts';
import { readIfPresent } from './private-file.ts';

/**
 * Stack file -> plan.
 *
 * @throws InputError with every mistake of the file at once, each with line and column.
 */
export function loadPlan(file: string | undefined): Plan {
  const given = file ?? process.env.TWEMSTACK_FILE;
  const path = stackFilePath(file);
  const text = readIfPresent(path);
  if (text === undefined) {
    throw new InputError(`there is no stack file ${given ?? 'stack.yaml'}`, {
      where: path,
      remedy: 'name one with --file, or write one: `name` and `vip` are all it needs',
    });
  }
  const loaded = loadTopology(text, given ?? 'stack.yaml');
  if (loaded.ok) return planStack(loaded.topology);
  const count = loaded.problems.length;
  throw new InputError(
    `${given ?? 'stack.yaml'} has ${count} mistake${count === 1 ? '' : 's'}; nothing was touched\n\n${formatProblems(loaded.problems, text)}`,
  );
}

import type { AnyPlan } from '../../topology/types.ts';
import { movesText } from '../data/data-text.ts';
import { keyMoves } from '../data/key-moves.ts';
import { InputError } from '../errors.ts';
import { renderNutcrackerYml } from '../render/nutcracker-yml.ts';
import type { Home } from '../stack/home.ts';
import { routingNow } from './backup.ts';

/**
 * Keys go where stack.yaml says, and there the proxies have to look for them.
 *
 * @param file the stack file, as it was named
 * @param undone what has not been done then, in words
 * @throws InputError when they look elsewhere
 */
export async function demandSameRing(
  home: Home,
  plan: AnyPlan,
  file: string | undefined,
  undone: string,
): Promise<void> {
  const running = await routingNow(home, plan, file);
  const moves = running === undefined ? [] : keyMoves(running, renderNutcrackerYml(plan));
  if (moves.length === 0) return;
  throw new InputError(
    `stack.yaml looks for keys elsewhere than the proxies do that run; ${undone}\n\n${movesText(moves)}`,
    { where: `stack ${plan.name}`, remedy: 'run `twemstack up` first, or take the change back' },
  );
}

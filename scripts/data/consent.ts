import type { AnyPlan } from '../../topology/types.ts';
import { InputError } from '../errors.ts';
import type { Contents } from './contents.ts';
import type { DataEdit } from './data-edit.ts';
import { bytesText, movesText, outOfReachText, surplusText } from './data-text.ts';
import { memberOf } from './volumes.ts';

/** What an operator has agreed to. */
export interface Consent {
  /** Shards, members or volumes whose data may go. */
  readonly removeData: readonly string[];
  readonly movesKeys: boolean;
}

export const NO_CONSENT: Consent = { removeData: [], movesKeys: false };

/** The surplus volumes that an operator named: by volume, member, shard or domain. */
export function namedSurplus(
  { surplus }: DataEdit,
  plan: AnyPlan,
  names: readonly string[],
): readonly Contents[] {
  const isNamed = (volume: string, name: string): boolean =>
    [volume, memberOf(volume)].includes(name) ||
    volume.startsWith(`${plan.name}-${name}-`) ||
    memberOf(volume).endsWith(`-${name}`);
  for (const name of names) {
    if (surplus.some(({ volume }) => isNamed(volume, name))) continue;
    const known = surplus.map(({ volume }) => memberOf(volume));
    throw new InputError(
      `--remove-data ${name}: there is no data of that name that stack.yaml has no place for`,
      {
        where: 'nothing was changed',
        remedy:
          known.length === 0
            ? 'what stack.yaml still has is never removed; take it out of there first'
            : `such data is of: ${known.join(', ')}`,
      },
    );
  }
  return surplus.filter(({ volume }) => names.some((name) => isNamed(volume, name)));
}

/**
 * The data that may go.
 *
 * @throws InputError naming all that an operator has not agreed to, what it holds, and how to agree
 */
export function demandConsent(plan: AnyPlan, edit: DataEdit, consent: Consent): readonly Contents[] {
  const named = namedSurplus(edit, plan, consent.removeData);
  const unnamed = edit.surplus.filter((contents) => !named.includes(contents));
  const moves = consent.movesKeys ? [] : edit.moves;
  const unreached = consent.movesKeys ? [] : edit.outOfReach;
  if (unnamed.length === 0 && moves.length === 0 && unreached.length === 0) return named;
  const members = unnamed.map(({ volume }) => memberOf(volume));
  const [what, remedies]: [string[], string[]] = [[], []];
  if (unnamed.length > 0) {
    const bytes = unnamed.reduce((sum, contents) => sum + (contents.bytes ?? 0), 0);
    what.push(
      `stack.yaml has no place for ${unnamed.length} data volumes that are there (${bytesText(bytes)}); nothing was changed\n\n${surplusText(unnamed)}`,
    );
    remedies.push(
      `put the domains, shards or replicas back; or have the data removed for good: --remove-data ${members.join(' --remove-data ')}`,
    );
  }
  if (moves.length > 0) {
    what.push(
      `keys would be looked for on another shard than they are stored on; nothing was changed\n\n${movesText(moves)}`,
    );
    remedies.push(
      'keys are not carried over: what moves is as good as gone until it is written again. Take the change back; or agree ' +
        'with --moves-keys',
    );
  }
  if (unreached.length > 0) {
    what.push(
      `keys would be out of reach, in databases that their pool would not serve any more; nothing was changed\n\n${outOfReachText(unreached)}`,
    );
    const pools = [...new Set(unreached.map(({ pool }) => pool))];
    const least = (pool: string): number =>
      1 + Math.max(...unreached.flatMap((each) => (each.pool === pool ? [each.database] : [])));
    remedies.push(
      `${pools.map((pool) => `set pools.${pool}.databases to ${least(pool)} or more`).join(', ')}; or agree with --moves-keys: they stay where they are, and ` +
        'whoever puts the number back finds them',
    );
  }
  throw new InputError(what.join('\n'), {
    where: `stack ${plan.name}`,
    remedy: remedies.join('\n         '),
  });
}

import type Docker from 'dockerode';
import { OWNER_LABEL } from '../../stacks/owner-label.ts';
import { dataVolume } from '../../stacks/volume-names.ts';
import { containerOptions } from '../../topology/container-options.ts';
import type { AnyPlan } from '../../topology/types.ts';
import type { Home } from '../stack/home.ts';
import { attributesInState } from '../stack/terraform-state.ts';

const SUFFIX = dataVolume('');

/** Whether a volume's name is that of one which holds data, and not a member's rendered files. */
export const isDataVolume = (name: string): boolean => name.endsWith(SUFFIX);

/** Name of the member whose data a volume holds. */
export const memberOf = (volume: string): string => volume.slice(0, -SUFFIX.length);

/** Names of the data volumes that a plan wants. */
export const wantedVolumes = (plan: AnyPlan): ReadonlySet<string> =>
  new Set(
    plan.members.filter((member) => containerOptions(plan, member).data).map(({ name }) => dataVolume(name)),
  );

/** Data volumes of the stacks on the engine: name -> stack, as their label says. */
export async function dataVolumes(engine: Docker): Promise<ReadonlyMap<string, string>> {
  const { Volumes } = await engine.listVolumes({ filters: { label: [OWNER_LABEL] } });
  const ours = (Volumes ?? []).filter(({ Name }) => isDataVolume(Name));
  return new Map(ours.map(({ Name, Labels }) => [Name, Labels[OWNER_LABEL]] as const).sort());
}

/** Data volumes of a stack that exist and that its plan has no place for. */
export function surplusVolumes(plan: AnyPlan, existing: ReadonlyMap<string, string>): string[] {
  const wanted = wantedVolumes(plan);
  return [...existing].flatMap(([name, stack]) => (stack === plan.name && !wanted.has(name) ? [name] : []));
}

/**
 * Data volumes that terraform made in a domain and that the plan has no place for any more: left out of the
 * configuration, terraform would destroy them, whatever their lifecycle said when they were in it. By data stack.
 */
export function keptVolumes(
  home: Home,
  plan: AnyPlan,
  keep: (volume: string) => boolean,
): ReadonlyMap<string, readonly string[]> {
  const wanted = wantedVolumes(plan);
  return new Map(
    plan.domains.map(({ dataStack }) => {
      const known = attributesInState<{ name: string }>(home, plan.name, dataStack, 'docker_volume');
      const names = known.flatMap(({ name }) => name ?? []);
      return [dataStack, names.filter((name) => !wanted.has(name) && keep(name))];
    }),
  );
}

import { didYouMean } from '../../topology/nearest.ts';
import { isOnHosts } from '../../topology/plan.ts';
import type { AnyPlan } from '../../topology/types.ts';
import { InputError } from '../errors.ts';
import type { Drill, Surroundings } from './drill.ts';
import { ALERT_DRILLS } from './faults/alerts.ts';
import { DEPLOY_DRILLS } from './faults/deploy.ts';
import { DISK_DRILLS } from './faults/disk.ts';
import { DOMAIN_DRILLS } from './faults/domains.ts';
import { ENTRANCE_DRILLS } from './faults/entrance.ts';
import { HOST_ENGINE_DRILLS } from './faults/host-engines.ts';
import { HOST_REPLACED_DRILLS } from './faults/host-replaced.ts';
import { HOST_DRILLS } from './faults/hosts.ts';
import { MASTER_DRILLS } from './faults/masters.ts';
import { PARTITION_DRILLS } from './faults/partitions.ts';
import { PLANNED_DRILLS } from './faults/planned.ts';
import { SENTINEL_DRILLS } from './faults/sentinels.ts';
import { SPLIT_DRILLS } from './faults/splits.ts';
import { STALL_DRILLS } from './faults/stalls.ts';
import { UPGRADE_DRILLS } from './faults/upgrade.ts';
import { NEMESIS } from './nemesis/nemesis.ts';

/** Every drill, in the order in which `--all` runs them. */
export const DRILLS: readonly Drill[] = [
  ...MASTER_DRILLS,
  ...DISK_DRILLS,
  ...SENTINEL_DRILLS,
  ...ENTRANCE_DRILLS,
  ...DOMAIN_DRILLS,
  ...PARTITION_DRILLS,
  ...SPLIT_DRILLS,
  ...STALL_DRILLS,
  NEMESIS,
  ...PLANNED_DRILLS,
  ...UPGRADE_DRILLS,
  ...DEPLOY_DRILLS,
  ...ALERT_DRILLS,
  ...HOST_DRILLS,
  ...HOST_ENGINE_DRILLS,
  ...HOST_REPLACED_DRILLS,
];

/** The drills of a plan's kind: those that break machines for several hosts, of members for one engine, and what is for both. */
export const drillsFor = (plan: AnyPlan): readonly Drill[] => DRILLS.filter((drill) => isFor(drill, plan));

const isFor = ({ onHosts = false }: Drill, plan: AnyPlan): boolean =>
  onHosts === 'too' || onHosts === isOnHosts(plan);

/** Not a fault of its own: each round is one of the others, drawn by `--seed`. */
export const RANDOM = 'random';

/** What to run: one entry a drill name. `random` stands for a draw from all. */
export type Choice = Drill | typeof RANDOM;

/** @throws InputError with the list of all drills when a name is not among them. */
export function findDrill(name: string): Choice {
  if (name === RANDOM) return RANDOM;
  const drill = DRILLS.find((candidate) => candidate.name === name);
  if (drill !== undefined) return drill;
  const known = DRILLS.map((candidate) => `  ${candidate.name}: ${candidate.summary}`);
  throw new InputError(`there is no drill "${name}"`, {
    remedy: [
      `${didYouMean(name, [...DRILLS.map((drill) => drill.name), RANDOM])}the drills are`,
      ...known,
      `  ${RANDOM}: each round another of them, drawn by --seed`,
    ].join('\n'),
  });
}

/** A drill that cannot run where it was asked for. */
export interface LeftOut {
  readonly drill: string;
  readonly reason: string;
}

/** Those of `drills` that cannot run here, each with its reason. */
export async function findRefused(drills: readonly Drill[], surroundings: Surroundings): Promise<LeftOut[]> {
  const asked = await Promise.all(
    drills.map(async (drill) => ({
      drill: drill.name,
      reason: ofAnotherKind(drill, surroundings) ?? (await drill.refused?.(surroundings)),
    })),
  );
  return asked.flatMap(({ drill, reason }) => (reason === undefined ? [] : [{ drill, reason }]));
}

function ofAnotherKind(drill: Drill, { plan }: Surroundings): string | undefined {
  if (isFor(drill, plan)) return undefined;
  return drill.onHosts === true
    ? 'it breaks machines, and the domains of this stack have none of their own'
    : 'it is for stacks on one engine, and the domains of this one have machines of their own';
}

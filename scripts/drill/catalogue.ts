import { InputError } from '../errors.ts';
import type { Drill } from './drill.ts';
import { DOMAIN_DRILLS } from './faults/domains.ts';
import { ENTRANCE_DRILLS } from './faults/entrance.ts';
import { MASTER_DRILLS } from './faults/masters.ts';
import { PARTITION_DRILLS } from './faults/partitions.ts';
import { PLANNED_DRILLS } from './faults/planned.ts';
import { SENTINEL_DRILLS } from './faults/sentinels.ts';

/** Every drill, in the order in which `--all` runs them. */
export const DRILLS: readonly Drill[] = [
  ...MASTER_DRILLS,
  ...SENTINEL_DRILLS,
  ...ENTRANCE_DRILLS,
  ...DOMAIN_DRILLS,
  ...PARTITION_DRILLS,
  ...PLANNED_DRILLS,
];

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
    remedy: ['the drills are', ...known, `  ${RANDOM}: each round another of them, drawn by --seed`].join(
      '\n',
    ),
  });
}

/** What other rooms use of this one. */

export * from './definition.ts';
export { bridgeName, isOnHosts, planAny, planHosts, planStack } from './plan.ts';
export { shardsOf, widestPool } from './pool-shards.ts';
export { formatPath, formatProblem, formatProblems, type Problem } from './problems.ts';
export { type Loaded, loadAnyTopology, loadTopology } from './rules.ts';
export * from './types.ts';
export { formatDuration, formatSizeMb } from './units.ts';

import type { AnyPlan, Member } from '../../../topology/types.ts';
import { InputError } from '../../errors.ts';
import type { FaultContext } from '../drill.ts';
import { need } from '../faults/break.ts';
import { rolesOf, vipHolder } from '../faults/targets.ts';
import type { Script } from './script.ts';

/** What a node is to the others; links are cut only between those that talk. */
export type NodeKind = 'redis' | 'sentinel' | 'proxy' | 'edge';

/** A member by what it is when a script begins, so that a replay finds who has that part now. */
export interface Node {
  readonly name: string;
  readonly kind: NodeKind;
  /** Of a redis. */
  readonly shard?: string;
}

/** `<shard>.master`, `<shard>.replica-<n>`, `sentinel.<n>`, `proxy.<n>`, `edge.holder`, `edge.standby-<n>`; n from 1. Pure. */
export function nodesOf({ shards, sentinels, proxies, edges }: AnyPlan): Node[] {
  return [
    ...shards.flatMap(({ name: shard, members }) =>
      members.map((_, n): Node => ({ name: `${shard}.${redisPart(n)}`, kind: 'redis', shard })),
    ),
    ...sentinels.map((_, n): Node => ({ name: `sentinel.${n + 1}`, kind: 'sentinel' })),
    ...proxies.map((_, n): Node => ({ name: `proxy.${n + 1}`, kind: 'proxy' })),
    ...edges.map((_, n): Node => ({ name: `edge.${edgePart(n)}`, kind: 'edge' })),
  ];
}

const redisPart = (n: number): string => (n === 0 ? 'master' : `replica-${n}`);
const edgePart = (n: number): string => (n === 0 ? 'holder' : `standby-${n}`);

/** @throws InputError naming the first node of a script that the plan has none for */
export function checkNodes(plan: AnyPlan, { steps }: Script): void {
  const known = nodesOf(plan).map(({ name }) => name);
  const named = steps.flatMap(({ deed }) => {
    if (deed.verb === 'mend') return [];
    return deed.verb === 'cut' ? deed.links.flatMap(({ from, to }) => [from, to]) : [deed.node];
  });
  const unknown = named.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new InputError(`there is no node "${unknown}"`, {
    where: '--replay',
    remedy: `the nodes are ${known.join(', ')}`,
  });
}

/** Finds the member that plays a part now. */
export function playersOf(context: FaultContext): (node: string) => Member {
  const { plan, status } = context;
  const parts = new Map<string, Member>();
  for (const { name } of plan.shards) {
    const { master, replicas } = rolesOf(plan, status, name);
    for (const [n, member] of [master, ...replicas].entries()) parts.set(`${name}.${redisPart(n)}`, member);
  }
  for (const [n, member] of plan.sentinels.entries()) parts.set(`sentinel.${n + 1}`, member);
  for (const [n, member] of plan.proxies.entries()) parts.set(`proxy.${n + 1}`, member);
  const holder = vipHolder(context);
  const edges = [...plan.edges].sort((a, b) => Number(b.name === holder) - Number(a.name === holder));
  for (const [n, member] of edges.entries()) parts.set(`edge.${edgePart(n)}`, member);
  return (node) => need(parts.get(node), `node "${node}"`);
}

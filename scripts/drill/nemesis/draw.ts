import type { AnyPlan } from '../../../topology/types.ts';
import { type Chance, oneOf } from '../../chance.ts';
import { type Node, type NodeKind, nodesOf } from './nodes.ts';
import type { Deed, Script, ScriptLink, ScriptStep } from './script.ts';

/** Kinds of nodes that talk to each other; members of different shards do not. */
const TALKS: ReadonlyArray<readonly [NodeKind, NodeKind]> = [
  ['redis', 'redis'],
  ['redis', 'sentinel'],
  ['redis', 'proxy'],
  ['sentinel', 'sentinel'],
  ['sentinel', 'proxy'],
  ['proxy', 'edge'],
  ['edge', 'edge'],
];

/** Long enough for a failover in a split, short enough for hundreds of rounds. */
const SHORTEST_MS = 3000;
const LONGEST_MS = 10_000;

/** One random fault: links cut among members, sentinels, proxies and edges, with kills, crashes and pauses between. Pure. */
export function drawScript(plan: AnyPlan, chance: Chance): Script {
  const nodes = nodesOf(plan);
  const end = SHORTEST_MS + 100 * chance((LONGEST_MS - SHORTEST_MS) / 100 + 1);
  const steps: ScriptStep[] = [{ at: 0, deed: { verb: 'cut', links: drawLinks(nodes, chance) } }];
  // One death at most: two of three members that lose their memory at once are a different promise.
  let mayKill = true;
  const unhurt = [...nodes];
  for (let left = chance(4); left > 0; left--) {
    const deed = drawDeed(nodes, unhurt, chance, mayKill);
    if (deed.verb === 'kill' || deed.verb === 'crash') mayKill = false;
    steps.push({ at: 100 * (1 + chance((end - 500) / 100)), deed });
  }
  return { steps: steps.sort((a, b) => a.at - b.at), end };
}

/** @param unhurt nodes that nothing was done to yet; the one that is drawn is taken out, for what is dead cannot be frozen */
function drawDeed(nodes: readonly Node[], unhurt: Node[], chance: Chance, mayKill: boolean): Deed {
  const kind = chance(5);
  if (kind === 0) return { verb: 'mend' };
  if (kind === 1) return { verb: 'cut', links: drawLinks(nodes, chance) };
  const [{ name: node }] = unhurt.splice(chance(unhurt.length), 1);
  if (kind === 2 && mayKill) return { verb: 'kill', node };
  if (kind === 3 && mayKill) return { verb: 'crash', node };
  return { verb: 'freeze', node, forMs: 100 * (3 + chance(38)) };
}

/** At least one link, in one of the shapes that failures of networks have. */
function drawLinks(nodes: readonly Node[], chance: Chance): ScriptLink[] {
  for (let tries = 0; tries < 100; tries++) {
    const links = oneOf(chance, [halves, halves, singles, alone])(nodes, chance);
    if (links.length > 0) return links;
  }
  return alone(nodes, () => 0);
}

/** Two halves that cannot talk; of each kind of node all may be bridges that reach both, and a few cuts are one-way. */
function halves(nodes: readonly Node[], chance: Chance): ScriptLink[] {
  const bridges = new Set<NodeKind>((['sentinel', 'proxy', 'edge'] as const).filter(() => chance(2) === 0));
  const left = new Set(nodes.filter(() => chance(2) === 0).map(({ name }) => name));
  const ways = waysOf(chance);
  return pairs(nodes)
    .filter(([one, other]) => !bridges.has(one.kind) && !bridges.has(other.kind))
    .filter(([one, other]) => left.has(one.name) !== left.has(other.name))
    .flatMap(([one, other]) => (left.has(one.name) ? ways(one, other) : ways(other, one)));
}

/** Each link by itself, some of them in one direction only. */
function singles(nodes: readonly Node[], chance: Chance): ScriptLink[] {
  const oneIn = oneOf(chance, [2, 4, 8, 16]);
  return pairs(nodes)
    .filter(() => chance(oneIn) === 0)
    .flatMap(([one, other]) => (chance(2) === 0 ? waysOf(chance)(one, other) : waysOf(chance)(other, one)));
}

/** One node loses all its links, or does not hear, or is not heard. */
function alone(nodes: readonly Node[], chance: Chance): ScriptLink[] {
  const { name } = oneOf(chance, nodes);
  const ways = waysOf(chance);
  return pairs(nodes)
    .filter(([one, other]) => one.name === name || other.name === name)
    .flatMap(([one, other]) => (one.name === name ? ways(one, other) : ways(other, one)));
}

/** Both ways as a rule, else one of them. */
function waysOf(chance: Chance): (one: Node, other: Node) => ScriptLink[] {
  const kind = chance(6);
  return (one, other) => [
    ...(kind === 0 ? [] : [{ from: one.name, to: other.name }]),
    ...(kind === 1 ? [] : [{ from: other.name, to: one.name }]),
  ];
}

/** All pairs of nodes that talk to each other. */
function pairs(nodes: readonly Node[]): Array<readonly [Node, Node]> {
  return nodes.flatMap((one, n) =>
    nodes
      .slice(n + 1)
      .filter((other) => talk(one, other))
      .map((other) => [one, other] as const),
  );
}

function talk(one: Node, other: Node): boolean {
  if (one.kind === 'redis' && other.kind === 'redis') return one.shard === other.shard;
  return TALKS.some(([a, b]) => (a === one.kind && b === other.kind) || (b === one.kind && a === other.kind));
}

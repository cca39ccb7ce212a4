/** Plan → Mermaid flowchart. */
import { DOMAIN_COLOURS } from './diagram-palette.ts';
import type { AnyPlan, Member, PlanShard } from './types.ts';
import { areShared, preferredVip, vipsOf } from './vips.ts';

/** Ids are words of their own, so that a member called `end` is no keyword. Names hold no underscore. */
function id(name: string): string {
  return `m_${name.replaceAll('-', '_')}`;
}

function card(member: Member, note: string, port?: number): string {
  const address = port === undefined ? member.address : `${member.address}:${port}`;
  return `${id(member.name)}["${member.name}<br/>${address}<br/>${note}"]`;
}

function subgraph(name: string, title: string, lines: readonly string[]): string[] {
  return [`  subgraph ${name}["${title}"]`, ...lines.map((line) => `    ${line}`), '  end'];
}

function shardLines(shard: PlanShard): string[] {
  const cards = shard.members.map((member) =>
    card(member, member.initialMaster ? 'master at first' : 'replica', member.port),
  );
  const replicas = shard.members.filter((member) => !member.initialMaster);
  const links = replicas.map((member) => `${id(shard.initialMaster.name)} --> ${id(member.name)}`);
  return subgraph(`shard_${id(shard.name)}`, shard.name, [...cards, ...links]);
}

function domainClasses(plan: AnyPlan): string[] {
  return plan.domains.flatMap((domain, index) => [
    `  classDef domain${index} stroke:${DOMAIN_COLOURS[index].line},stroke-width:2px`,
    `  class ${domain.members.map((member) => id(member.name)).join(',')} domain${index}`,
  ]);
}

/** A flowchart for Markdown: application, VIP, edges, proxies, shards; sentinels dotted. No trailing newline. */
export function renderMermaid(plan: AnyPlan): string {
  const ports = plan.pools.map((pool) => `${pool.name}: port ${pool.listen}`).join('<br/>');
  const edges = plan.edges.map((edge) =>
    card(edge, areShared(plan) ? (preferredVip(plan, edge) ?? 'standby') : `VRRP priority ${edge.priority}`),
  );
  const vips = vipsOf(plan).map(({ address }) => `VIP ${address}`);
  const proxies = plan.proxies.map((proxy) => card(proxy, `domain ${proxy.domain}`));
  const sentinels = plan.sentinels.map((sentinel) =>
    card(sentinel, `domain ${sentinel.domain}`, sentinel.port),
  );
  const active = plan.edges.slice(0, vips.length);
  const standby = plan.edges.slice(vips.length);
  return [
    'flowchart LR',
    `  app(["application"]) --> vip{{"${vips.join('<br/>')}<br/>${ports}"}}`,
    ...subgraph('edges', 'edges: keepalived + HAProxy', edges),
    ...subgraph('proxies', 'proxies', proxies),
    ...plan.shards.flatMap(shardLines),
    ...subgraph(
      'sentinels',
      `sentinels: ${plan.sentinel.quorum} of ${plan.sentinels.length} decide`,
      sentinels,
    ),
    ...active.map((edge) => `  vip --> ${id(edge.name)}`),
    ...standby.map((edge) => `  vip -. standby .-> ${id(edge.name)}`),
    '  edges --> proxies',
    ...plan.shards.map((shard) => `  proxies --> ${id(shard.initialMaster.name)}`),
    ...plan.shards.map((shard) => `  sentinels -. watch .-> shard_${id(shard.name)}`),
    '  sentinels -. who is master .-> proxies',
    ...domainClasses(plan),
  ].join('\n');
}

/** Rules between sections: does everything fit into the domains and the network, and does nothing share a name. */
import { prefixFor, shardCapacity } from './addresses.ts';
import type { DomainDraft, Draft, NamedShard, ShardDraft } from './draft.ts';
import { edgeConnections, edgeOpenFiles, MOST_OPEN_FILES } from './edge-limits.ts';
import { formatSubnet } from './ipv4.ts';
import { dataStackName, defaultShardDomains, domainStackName, memberName } from './placement.ts';
import type { Path } from './problems.ts';
import { checkHostsPorts, checkHostsVips } from './rules-hosts.ts';
import { checkMacvlan } from './rules-macvlan.ts';
import { checkMonitoring, monitorDomains } from './rules-monitoring.ts';
import { checkUnique } from './rules-names.ts';
import { checkVipCount } from './rules-vips.ts';
import type { StackFile } from './stack-file.ts';

/** A Linux bridge has 1024 ports (BR_PORT_BITS 10); some are left for applications on the stack's network. */
const MAX_MEMBERS = 1000;

/** Names of a shard's domains after defaults; undefined ones were refused before. */
export function shardDomainNames(draft: Draft, shard: ShardDraft, index: number): (string | undefined)[] {
  if (shard.domains !== undefined) return shard.domains.map((domain) => domain.name);
  const names = (draft.domains ?? []).map((domain) => domain.name);
  return defaultShardDomains(names, draft.replicas ?? 0, index);
}

/** Every rule that needs more than one section. */
export function checkAcross(file: StackFile, draft: Draft): void {
  checkSpread(file, draft);
  checkShardDomains(file, draft);
  checkPoolShards(file, draft);
  if (draft.hosts === undefined) {
    checkNetworkSize(file, draft);
    checkMemberCount(file, draft);
  } else {
    checkHostsVips(file, draft.vips, draft.hosts);
    checkHostsPorts(file, draft.hosts, draft.pools, draft.shards);
    const { domains, macvlan } = draft.hosts;
    if (macvlan !== undefined) checkMacvlan(file, macvlan, domains, draft.vips, draft.shards);
  }
  checkVipCount(file, draft);
  checkOpenFiles(file, draft);
  checkMonitoring(file, draft);
  checkStackNames(file, draft);
  checkMemberNames(file, draft);
}

/** Members that must not die together stand in different domains, so there must be as many domains. */
function checkSpread(file: StackFile, draft: Draft): void {
  if (draft.domains === undefined) return;
  const domains = draft.domains.length;
  const need = (path: Path, value: number | undefined, needed: number, why: string) => {
    if (value === undefined || needed <= domains) return;
    const shown = file.has(path) ? `${value}` : `${value} (the default)`;
    const given = domains === 1 ? 'there is 1' : `there are ${domains}`;
    file.report({
      path,
      value: shown,
      near: [['domains']],
      rule: `needs ${needed} domains, ${given}: ${why}`,
      remedy: `Add domains${draft.hosts === undefined ? ' (one engine may play them all)' : ''} or lower the number.`,
    });
  };
  const { replicas, edge, sentinel } = draft;
  const byDefault = draft.shards?.some((shard) => shard.domains === undefined);
  if (byDefault)
    need(['replicas'], replicas, (replicas ?? 0) + 1, 'a master and its replicas stand in different domains');
  need(['edge', 'count'], edge.count, edge.count ?? 0, 'edges stand in different domains');
  need(['sentinel', 'count'], sentinel.count, sentinel.count ?? 0, 'sentinels stand in different domains');
}

function checkShardDomains(file: StackFile, draft: Draft): void {
  const known = draft.domains?.map((domain) => domain.name);
  for (const shard of draft.shards ?? []) {
    if (shard.domains === undefined) continue;
    checkUnique(file, shard.domains, 'is listed already, and members of a shard stand in different domains');
    for (const domain of shard.domains) checkKnown(file, domain, known, 'domain');
    const needed = draft.replicas === undefined ? undefined : draft.replicas + 1;
    if (needed !== undefined && shard.domains.length !== needed)
      file.report({
        path: [...shard.path, 'domains'],
        rule: `names ${shard.domains.length}, a master with replicas: ${draft.replicas} needs ${needed}`,
        remedy: 'List one domain per member, the initial master first.',
      });
  }
}

function checkPoolShards(file: StackFile, draft: Draft): void {
  const known = draft.shards?.map((shard) => shard.name);
  for (const pool of draft.pools ?? [])
    for (const shard of pool.shards ?? []) checkKnown(file, shard, known, 'shard');
}

function checkKnown(
  file: StackFile,
  named: DomainDraft | NamedShard,
  known: readonly (string | undefined)[] | undefined,
  what: 'domain' | 'shard',
): void {
  // With a nameless one in the file it might be the one that is meant.
  if (named.name === undefined || known === undefined || known.includes(undefined)) return;
  if (known.includes(named.name)) return;
  file.report({
    path: named.path,
    rule: `is no ${what} of this file`,
    remedy: `There are: ${known.join(', ')}.`,
  });
}

function checkNetworkSize(file: StackFile, draft: Draft): void {
  const { backNetwork, shards } = draft;
  if (backNetwork === undefined || shards === undefined) return;
  const capacity = shardCapacity(backNetwork.prefix);
  if (shards.length <= capacity) return;
  const prefix = prefixFor(shards.length);
  const derived = file.has(['back_network']) ? '' : ' (the default)';
  file.report({
    path: ['back_network'],
    near: [['network'], ['shards']],
    value: `${formatSubnet(backNetwork)}${derived}`,
    rule: `has room for ${capacity} shards, there are ${shards.length}`,
    remedy:
      prefix === undefined
        ? 'No network is large enough: use fewer shards.'
        : `Write a /${prefix}, which has room for ${shardCapacity(prefix)}, or use fewer shards.`,
  });
}

function checkMemberCount(file: StackFile, draft: Draft): void {
  const { domains, shards, replicas, edge, sentinel } = draft;
  if (domains === undefined || shards === undefined || replicas === undefined) return;
  const others = domains.length + (edge.count ?? 0) + (sentinel.count ?? 0);
  const members = others + shards.length * (replicas + 1);
  if (members <= MAX_MEMBERS) return;
  file.report({
    path: ['shards'],
    value: String(shards.length),
    rule: `makes ${members} containers, a Linux bridge takes 1024 ports of which ${MAX_MEMBERS} are used`,
    remedy: `Use at most ${Math.floor((MAX_MEMBERS - others) / (replicas + 1))} shards, or fewer replicas.`,
  });
}

/** HAProxy does not start when it could not open what its limits promise. */
function checkOpenFiles(file: StackFile, { edge, pools }: Draft): void {
  if (edge.maxConnections === undefined || pools === undefined) return;
  const needed = edgeOpenFiles(edgeConnections(pools.length, edge.maxConnections));
  if (needed <= MOST_OPEN_FILES) return;
  const path = ['edge', 'max_connections'];
  const most = Math.floor(
    (MOST_OPEN_FILES - edgeOpenFiles(edgeConnections(pools.length, 0))) / 2 / pools.length,
  );
  file.report({
    path,
    value: String(edge.maxConnections),
    rule: `for each of ${pools.length} pools takes ${needed} open files, a process can have ${MOST_OPEN_FILES}`,
    remedy: `Write at most ${most}.`,
  });
}

/** `<stack>-a-data` is both the data stack of domain `a` and the stack of a domain `a-data`. */
function checkStackNames(file: StackFile, draft: Draft): void {
  const domains = draft.domains ?? [];
  for (const { name, path } of domains) {
    const clash = domains.find(
      (other) => name && other.name && domainStackName('', name) === dataStackName('', other.name),
    );
    if (clash !== undefined)
      file.report({
        path,
        rule: `is the name of the data of domain ${clash.name}`,
        remedy: 'Choose a name that does not end in -data.',
      });
  }
}

/** Hyphens in names could make `<stack>-x-a-b` of shard `x-a` in `b` and of shard `x` in `a-b`. */
function checkMemberNames(file: StackFile, draft: Draft): void {
  const owners = new Map<string, string>();
  for (const { name } of draft.domains ?? [])
    for (const role of ['edge', 'proxy', 'sentinel', 'seed'])
      if (name !== undefined) owners.set(memberName('', role, name), role);
  for (const name of draft.monitoring === undefined ? [] : monitorDomains(draft))
    if (name !== undefined) owners.set(memberName('', 'monitor', name), 'the monitoring');
  draft.shards?.forEach((shard, index) => {
    if (shard.name === undefined) return;
    for (const domain of new Set(shardDomainNames(draft, shard, index))) {
      if (domain === undefined) continue;
      const member = memberName('', shard.name, domain);
      const owner = owners.get(member);
      owners.set(member, shard.name);
      if (owner === undefined || owner === shard.name) continue;
      file.report({
        path: shard.path,
        value: `"${shard.name}"`,
        rule: `in domain ${domain} would be called ${memberName(draft.name ?? '<stack>', shard.name, domain)}, as a member of ${owner} is`,
        remedy: 'Rename the shard or the domain.',
      });
    }
  });
}

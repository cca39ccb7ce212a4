/** stack.yaml → Topology: reads every section, applies every rule, reports all mistakes at once. */
import type { Draft } from './draft.ts';
import { formatAddress, formatSubnet } from './ipv4.ts';
import { MACVLAN_KEYS, ONE_ENGINE, TOP_KEYS } from './keys.ts';
import { withDatabases } from './pool-databases.ts';
import { byPosition, type Problem, type Refusal } from './problems.ts';
import { checkMapping, oneOf, readRequired, readValue } from './reading.ts';
import { readBackup } from './rules-backup.ts';
import { checkAcross, shardDomainNames } from './rules-cross.ts';
import { readDomains, readHostDomains, readReplicas, readShards } from './rules-domains.ts';
import { namesHosts, readHosts } from './rules-hosts.ts';
import { monitorDomains, outNetwork, readMonitoring } from './rules-monitoring.ts';
import { stackName } from './rules-names.ts';
import { readHostsVips, readNetworks } from './rules-network.ts';
import { readPools } from './rules-pools.ts';
import { readEdge, readProxy, readRedis, readSentinel } from './rules-settings.ts';
import { StackFile } from './stack-file.ts';
import {
  DURABILITIES,
  type Durability,
  type HostsTopology,
  type MonitoringSettings,
  type PoolSpec,
  type ShardSpec,
  type Topology,
  type TopologyBase,
} from './types.ts';

export type Loaded<T = Topology> =
  | { readonly ok: true; readonly topology: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Keys that mean something only where domains have machines. */
const HOSTS_ONLY: readonly string[] = ['ports', 'entrance', ...MACVLAN_KEYS];
const NO_MACHINES: Refusal = {
  rule: 'is for several Docker hosts, and no domain names one',
  remedy: 'Remove the key, or write docker and address for every domain.',
};

/**
 * Reads a stack file for one engine: a domain on a machine of its own is refused.
 * @param text its content
 * @param file its name, for messages only; nothing is opened
 * @returns the topology with every default filled in, or every mistake in the order of the file
 */
export function loadTopology(text: string, file: string): Loaded {
  return load(text, file, (source) => finish(source, readDraft(source, ONE_ENGINE)));
}

/** The same for whatever the file describes. */
export function loadAnyTopology(text: string, file: string): Loaded<Topology | HostsTopology> {
  return load<Topology | HostsTopology>(text, file, (source) =>
    namesHosts(source)
      ? finishHosts(source, readHostsDraft(source))
      : finish(source, readDraft(source, NO_MACHINES)),
  );
}

/** @param read reports what is wrong, and returns a topology where nothing is */
function load<T>(text: string, file: string, read: (source: StackFile) => T | undefined): Loaded<T> {
  const source = new StackFile(text, file);
  if (!source.readable) return refused(source);
  if (source.content([]).kind === 'absent' || source.content([]).kind === 'empty') {
    source.report({
      path: [],
      value: '',
      rule: 'the file is empty',
      remedy: 'Write at least name and vip, e.g. name: alpha and vip: 198.18.0.100 on two lines.',
    });
    return refused(source);
  }
  const topology = read(source);
  return topology === undefined ? refused(source) : { ok: true, topology };
}

function refused(source: StackFile): { ok: false; problems: readonly Problem[] } {
  return { ok: false, problems: source.problems.toSorted(byPosition) };
}

/** @param refusal of what is for several hosts; undefined when the file is no mapping */
function readDraft(file: StackFile, refusal: Refusal): Draft | undefined {
  const known = TOP_KEYS.filter((key) => !HOSTS_ONLY.includes(key));
  if (!checkMapping(file, [], known, Object.fromEntries(HOSTS_ONLY.map((key) => [key, refusal])))) return;
  return {
    ...readCommon(file),
    ...readNetworks(file),
    hosts: undefined,
    domains: readDomains(file, refusal),
  };
}

function readHostsDraft(file: StackFile): Draft | undefined {
  if (!checkMapping(file, [], TOP_KEYS)) return;
  const domains = readHostDomains(file);
  return {
    ...readCommon(file),
    vips: readHostsVips(file),
    network: undefined,
    backNetwork: undefined,
    hosts: readHosts(file, domains ?? []),
    domains,
  };
}

type Common = Omit<Draft, 'vips' | 'network' | 'backNetwork' | 'hosts' | 'domains'>;

function readCommon(file: StackFile): Common {
  const name = readRequired(file, ['name'], stackName, 'Name the stack, e.g. name: alpha.');
  const replicas = readReplicas(file);
  return {
    name,
    shards: readShards(file),
    replicas,
    durability: readValue<Durability>(file, ['durability'], oneOf(DURABILITIES, 'durability'), {
      value: 'strict',
    }),
    sentinel: readSentinel(file),
    redis: readRedis(file, replicas),
    edge: readEdge(file),
    proxy: readProxy(file),
    backup: readBackup(file),
    monitoring: readMonitoring(file),
    pools: readPools(file, name, replicas),
  };
}

/** A draft without problems has every value: each reader that returns undefined has reported why. */
function present<T>(value: T | undefined, what: string): T {
  if (value === undefined)
    throw new Error(`twemstack: ${what} was refused without a message; please report this`);
  return value;
}

function allPresent<T extends object>(
  section: { readonly [K in keyof T]: T[K] | undefined },
  what: string,
): T {
  for (const [key, value] of Object.entries(section)) present(value, `${what}.${key}`);
  return section as T;
}

/** undefined when there is anything wrong. */
function finish(file: StackFile, draft: Draft | undefined): Topology | undefined {
  if (draft !== undefined) checkAcross(file, draft);
  if (draft === undefined || file.problems.length > 0) return;
  return {
    ...finishCommon(draft),
    network: formatSubnet(present(draft.network, 'network')),
    backNetwork: formatSubnet(present(draft.backNetwork, 'back_network')),
  };
}

function finishHosts(file: StackFile, draft: Draft | undefined): HostsTopology | undefined {
  if (draft !== undefined) checkAcross(file, draft);
  if (draft === undefined || file.problems.length > 0) return;
  const { ports, entrance, domains, macvlan } = present(draft.hosts, 'domains');
  return {
    ...finishCommon(draft),
    domains: domains.map(({ name, host: { docker, address, certificates, parent, range } }) => ({
      name: present(name, 'domains'),
      host: {
        docker: present(docker, 'domains'),
        address: present(address, 'domains'),
        ...(certificates === undefined ? {} : { certificates }),
        ...(macvlan === undefined
          ? {}
          : { macvlan: { parent: present(parent, 'parent'), range: present(range, 'range') } }),
      },
    })),
    ports: present(ports, 'ports'),
    entrance: present(entrance, 'entrance'),
    ...(macvlan === undefined
      ? {}
      : {
          lan: {
            subnet: formatSubnet(present(macvlan.lan, 'lan')),
            gateway: formatAddress(present(macvlan.gateway, 'gateway')),
          },
        }),
  };
}

function finishCommon(draft: Draft): TopologyBase {
  return {
    name: present(draft.name, 'name'),
    ...finishVips(draft),
    domains: present(draft.domains, 'domains').map(({ name }) => ({ name: present(name, 'domains') })),
    shards: finishShards(draft),
    replicas: present(draft.replicas, 'replicas'),
    durability: present(draft.durability, 'durability'),
    sentinel: allPresent(draft.sentinel, 'sentinel'),
    redis: allPresent(draft.redis, 'redis'),
    edge: allPresent(draft.edge, 'edge'),
    proxy: allPresent(draft.proxy, 'proxy'),
    backup: allPresent(draft.backup, 'backup'),
    ...finishMonitoring(draft),
    pools: finishPools(draft),
  };
}

function finishVips({ vips: drafts }: Draft): Pick<TopologyBase, 'vip' | 'vips'> {
  const vips = drafts.map(({ address }) => formatAddress(present(address, 'vips')));
  const vip = present(vips.at(0), 'vip');
  return vips.length > 1 ? { vip, vips } : { vip };
}

function finishMonitoring(draft: Draft): Pick<TopologyBase, 'monitoring'> {
  if (draft.monitoring === undefined) return {};
  const { domains: _domains, network: _network, ...rest } = draft.monitoring;
  const out = outNetwork(draft);
  const settings = allPresent<Omit<MonitoringSettings, 'domains' | 'network'>>(rest, 'monitoring');
  return {
    monitoring: {
      domains: monitorDomains(draft).map((name) => present(name, 'monitoring.domains')),
      ...settings,
      network: out === undefined ? '' : formatSubnet(out),
    },
  };
}

function finishShards(draft: Draft): ShardSpec[] {
  return present(draft.shards, 'shards').map((shard, index) => ({
    name: present(shard.name, 'shards'),
    weight: present(shard.weight, 'shards'),
    domains: shardDomainNames(draft, shard, index).map((name) => present(name, 'shards')),
  }));
}

/** A pool stands on its shards in the order of the file's shards, so that the order of its list moves no key. */
function finishPools(draft: Draft): PoolSpec[] {
  const all = present(draft.shards, 'shards').map(({ name }) => present(name, 'shards'));
  const pools = present(draft.pools, 'pools').map(({ path: _, hashTag, shards, ...pool }) => {
    const rest = allPresent<Omit<PoolSpec, 'hashTag' | 'shards'>>(pool, 'pools');
    const own = shards?.map(({ name }) => present(name, 'pools'));
    const spec = { ...rest, shards: all.filter((name) => own?.includes(name) ?? true) };
    return hashTag === '' ? spec : { ...spec, hashTag: present(hashTag, 'pools') };
  });
  return withDatabases(pools);
}

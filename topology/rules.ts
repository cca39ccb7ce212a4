/** stack.yaml → Topology: reads every section, applies every rule, reports all mistakes at once. */
import type { Draft } from './draft.ts';
import { formatAddress, formatSubnet } from './ipv4.ts';
import { TOP_KEYS } from './keys.ts';
import { withDatabases } from './pool-databases.ts';
import { byPosition, type Problem } from './problems.ts';
import { checkMapping, oneOf, readRequired, readValue } from './reading.ts';
import { checkAcross, shardDomainNames } from './rules-cross.ts';
import { readDomains, readReplicas, readShards } from './rules-domains.ts';
import { stackName } from './rules-names.ts';
import { readNetworks } from './rules-network.ts';
import { readPools } from './rules-pools.ts';
import { readEdge, readProxy, readRedis, readSentinel } from './rules-settings.ts';
import { StackFile } from './stack-file.ts';
import { DURABILITIES, type Durability, type PoolSpec, type ShardSpec, type Topology } from './types.ts';

export type Loaded =
  | { readonly ok: true; readonly topology: Topology }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads a stack file.
 * @param text its content
 * @param file its name, for messages only; nothing is opened
 * @returns the topology with every default filled in, or every mistake in the order of the file
 */
export function loadTopology(text: string, file: string): Loaded {
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
  if (!checkMapping(source, [], TOP_KEYS)) return refused(source);
  const draft = readDraft(source);
  checkAcross(source, draft);
  return source.problems.length > 0 ? refused(source) : { ok: true, topology: finish(draft) };
}

function refused(source: StackFile): Loaded {
  return { ok: false, problems: source.problems.toSorted(byPosition) };
}

function readDraft(file: StackFile): Draft {
  const name = readRequired(file, ['name'], stackName, 'Name the stack, e.g. name: alpha.');
  const { vip, network, backNetwork } = readNetworks(file);
  const replicas = readReplicas(file);
  return {
    name,
    vip,
    network,
    backNetwork,
    domains: readDomains(file),
    shards: readShards(file),
    replicas,
    durability: readValue<Durability>(file, ['durability'], oneOf(DURABILITIES, 'durability'), {
      value: 'strict',
    }),
    sentinel: readSentinel(file),
    redis: readRedis(file, replicas),
    edge: readEdge(file),
    proxy: readProxy(file),
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

function finish(draft: Draft): Topology {
  return {
    name: present(draft.name, 'name'),
    vip: formatAddress(present(draft.vip, 'vip')),
    network: formatSubnet(present(draft.network, 'network')),
    backNetwork: formatSubnet(present(draft.backNetwork, 'back_network')),
    domains: present(draft.domains, 'domains').map(({ name }) => ({ name: present(name, 'domains') })),
    shards: finishShards(draft),
    replicas: present(draft.replicas, 'replicas'),
    durability: present(draft.durability, 'durability'),
    sentinel: allPresent(draft.sentinel, 'sentinel'),
    redis: allPresent(draft.redis, 'redis'),
    edge: allPresent(draft.edge, 'edge'),
    proxy: allPresent(draft.proxy, 'proxy'),
    pools: finishPools(draft),
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

/** Failure domains and the shards that stand in them. */
import { MAX_DOMAINS } from './addresses.ts';
import type { DomainDraft, HostDomainDraft, ShardDraft } from './draft.ts';
import { HOST_KEYS, SHARD_KEYS } from './keys.ts';
import { defaultShardName } from './placement.ts';
import type { Path, Refusal } from './problems.ts';
import { checkMapping, integer, type Parser, REQUIRED, readRequired, readValue } from './reading.ts';
import { checkHosts, readHostDomain } from './rules-hosts.ts';
import { checkUnique, domainName, shardName } from './rules-names.ts';
import type { StackFile } from './stack-file.ts';

const DEFAULT_DOMAINS = ['a', 'b', 'c'];
const DEFAULT_SHARDS = 2;
const DEFAULT_REPLICAS = 2;
const DEFAULT_WEIGHT = 1;
/** Ring weights are small numbers in practice; the limit catches a port or an address typed as weight. */
const MAX_WEIGHT = 1000;
/** A Linux bridge has 1024 ports, one per member: more shards than this never fit. */
const MAX_SHARDS = 1000;

/** Items of a list, or undefined when what stands there is none (reported). */
export function listItems(file: StackFile, path: Path, example: string): Path[] | undefined {
  const items = Array.from({ length: file.length(path) }, (_, index) => [...path, index]);
  if (file.content(path).kind === 'list' && items.length > 0) return items;
  const value = file.content(path).kind === 'empty' ? '' : undefined;
  file.report({
    path,
    rule: 'is not a list with at least one item',
    remedy: `Write e.g. ${example}.`,
    value,
  });
  return undefined;
}

/** `domains` that one engine plays: by plain names or as mappings. @param refusal of a key that names a machine */
export function readDomains(file: StackFile, refusal: Refusal): DomainDraft[] | undefined {
  const path: Path = ['domains'];
  if (!file.has(path)) return DEFAULT_DOMAINS.map((name, index) => ({ path: [...path, index], name }));
  return readEach(file, (item) => readDomain(file, item, refusal));
}

/** `domains` that are machines. */
export function readHostDomains(file: StackFile): HostDomainDraft[] | undefined {
  const domains = readEach(file, (item) => readHostDomain(file, item));
  if (domains !== undefined) checkHosts(file, domains);
  return domains;
}

function readEach<T extends DomainDraft>(file: StackFile, read: (item: Path) => T): T[] | undefined {
  const items = listItems(file, ['domains'], 'domains: [a, b, c]');
  if (items === undefined) return undefined;
  if (items.length > MAX_DOMAINS)
    file.report({
      path: items[MAX_DOMAINS],
      rule: `is domain number ${MAX_DOMAINS + 1}, at most ${MAX_DOMAINS} are possible`,
      remedy: 'Remove what is beyond: every shard lives in a few domains only.',
    });
  const domains = items.map(read);
  checkUnique(file, domains, 'is the name of an earlier domain');
  return domains;
}

function readDomain(file: StackFile, item: Path, refusal: Refusal): DomainDraft {
  if (file.content(item).kind !== 'mapping')
    return { path: item, name: readValue(file, item, domainName, REQUIRED) };
  checkMapping(file, item, ['name'], Object.fromEntries(HOST_KEYS.map((key) => [key, refusal])));
  const path = [...item, 'name'];
  return { path, name: readRequired(file, path, domainName, 'Every domain needs a name, e.g. name: a.') };
}

/** `replicas` of every shard. */
export function readReplicas(file: StackFile): number | undefined {
  return readValue(file, ['replicas'], integer(0, MAX_DOMAINS - 1), { value: DEFAULT_REPLICAS });
}

/** `shards`: a number, or a list of names or mappings. */
export function readShards(file: StackFile): ShardDraft[] | undefined {
  const path: Path = ['shards'];
  const { kind } = file.content(path);
  if (kind !== 'list' && kind !== 'mapping') {
    const count = readValue(file, path, shardCount, { value: DEFAULT_SHARDS });
    return count === undefined ? undefined : numberedShards(path, count);
  }
  const items = listItems(file, path, 'shards: 2, or a list of {name: shard-1}');
  const shards = items?.map((item, index) => readShard(file, item, index));
  if (shards !== undefined)
    checkUnique(
      file,
      shards.map((shard) => ({ path: namePath(file, shard.path), name: shard.name })),
      'is the name of an earlier shard',
    );
  return shards;
}

const shardCount: Parser<number> = (raw) => {
  const parsed = integer(1, MAX_SHARDS)(raw);
  if ('ok' in parsed) return parsed;
  return { rule: parsed.rule, remedy: `${parsed.remedy} A list of shards is possible too.` };
};

function numberedShards(path: Path, count: number): ShardDraft[] {
  return Array.from({ length: count }, (_, index) => ({
    path,
    name: defaultShardName(index),
    weight: DEFAULT_WEIGHT,
    domains: undefined,
  }));
}

function namePath(file: StackFile, shard: Path): Path {
  return file.content(shard).kind === 'mapping' ? [...shard, 'name'] : shard;
}

function readShard(file: StackFile, path: Path, index: number): ShardDraft {
  if (file.content(path).kind !== 'mapping') {
    const name = readValue(file, path, shardName, REQUIRED);
    return { path, name, weight: DEFAULT_WEIGHT, domains: undefined };
  }
  checkMapping(file, path, SHARD_KEYS);
  return {
    path,
    name: readValue(file, [...path, 'name'], shardName, { value: defaultShardName(index) }),
    weight: readValue(file, [...path, 'weight'], integer(1, MAX_WEIGHT), { value: DEFAULT_WEIGHT }),
    domains: readShardDomains(file, [...path, 'domains']),
  };
}

/** Only the names' form; whether they exist and suffice is a rule across (rules-cross.ts). */
function readShardDomains(file: StackFile, path: Path): DomainDraft[] | undefined {
  if (!file.has(path)) return undefined;
  const items = listItems(file, path, 'domains: [b, c, a], the first one holding the initial master');
  return items?.map((item) => ({ path: item, name: readValue(file, item, anyName, REQUIRED) }));
}

/** Any word: whether something bears it is a rule across. */
export const anyName: Parser<string> = (raw) => ({ ok: String(raw) });

import fc from 'fast-check';

/** Offset of each shard's row, as docs/stack-yaml.md has it. */
const SHARD_ROW = 32;
const ROW = 8;

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const TAKEN = [
  'network',
  'edge',
  'proxy',
  'sentinel',
  'fragments',
  'host',
  'none',
  'bridge',
  'default',
  'ingress',
];
const STATS = ['service', 'source', 'version', 'uptime', 'timestamp'];
const name = word.filter((text) => ![...TAKEN, ...STATS].includes(text));

/** A stack file as data; JSON is YAML. */
export interface StackData {
  name: string;
  vip: string;
  network: string;
  domains: (string | { name: string })[];
  shards: number | (string | { name?: string; weight?: number; domains?: string[] })[];
  replicas: number;
  sentinel: { count: number; down_after?: string };
  edge: { count: number; vrid?: number };
  pools?: Record<string, { listen: number; hash?: string; hash_tag?: string }>;
}

export const yamlOf = (data: StackData): string => JSON.stringify(data, undefined, 2);

const dotted = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');

/** A network, a VIP anywhere in it that is allowed (often on a member's place), and how many shards fit. */
const network = fc
  .record({
    prefix: fc.integer({ min: 16, max: 25 }),
    block: fc.nat({ max: 255 }),
    where: fc.nat(),
    near: fc.boolean(),
  })
  .map(({ prefix, block, where, near }) => {
    const size = 2 ** (32 - prefix);
    const base = 10 * 2 ** 24 + block * 2 ** 16;
    const span = near ? Math.min(size, 128) : size;
    const offset = 2 + (where % (span - 3));
    return {
      network: `${dotted(base)}/${prefix}`,
      vip: dotted(base + offset),
      capacity: Math.floor((size / 2 - SHARD_ROW) / ROW),
    };
  });

const pools = fc.uniqueArray(fc.record({ key: name, listen: fc.integer({ min: 1, max: 65535 }) }), {
  minLength: 1,
  maxLength: 3,
  selector: (pool) => pool.listen,
});

function poolData(list: { key: string; listen: number }[]): StackData['pools'] {
  const usable = list.filter(({ listen }) => listen !== 8404 && listen !== 22222);
  return usable.length === 0
    ? undefined
    : Object.fromEntries(usable.map(({ key, listen }) => [key, { listen, hash: 'murmur', hash_tag: '[]' }]));
}

function shardList(domains: string[], replicas: number, max: number): fc.Arbitrary<StackData['shards']> {
  const placed = fc
    .shuffledSubarray(domains, { minLength: replicas + 1, maxLength: replicas + 1 })
    .map((chosen) => chosen);
  const shard = fc.record(
    { name, weight: fc.integer({ min: 1, max: 9 }), domains: placed },
    { requiredKeys: ['name'] },
  );
  return fc.uniqueArray(shard, { minLength: 1, maxLength: max, selector: (item) => item.name });
}

/** Stack files that must be accepted, of every shape. */
export const validStack: fc.Arbitrary<StackData> = fc
  .record({ name, net: network, domains: fc.uniqueArray(name, { minLength: 3, maxLength: 8 }), pools })
  .chain(({ name, net, domains, pools }) => {
    const most = domains.length;
    const maxShards = Math.min(net.capacity, 20);
    return fc
      .record({
        replicas: fc.integer({ min: 0, max: most - 1 }),
        sentinels: fc.constantFrom(...[3, 5, 7].filter((count) => count <= most)),
        edges: fc.integer({ min: 1, max: most }),
        vrid: fc.integer({ min: 1, max: 255 }),
        numbered: fc.option(fc.integer({ min: 1, max: maxShards })),
        asMappings: fc.boolean(),
      })
      .chain((pick) => {
        const shards =
          pick.numbered === null ? shardList(domains, pick.replicas, maxShards) : fc.constant(pick.numbered);
        return shards.map((shards) => ({
          name,
          vip: net.vip,
          network: net.network,
          domains: pick.asMappings ? domains.map((domain) => ({ name: domain })) : domains,
          shards,
          replicas: pick.replicas,
          sentinel: { count: pick.sentinels },
          edge: { count: pick.edges, vrid: pick.vrid },
          ...(poolData(pools) === undefined ? {} : { pools: poolData(pools) }),
        }));
      });
  });

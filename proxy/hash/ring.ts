import { createHash } from 'node:crypto';

/** What a distribution needs to know of a server. `index` is its place in the pool's sorted list. */
export interface RingServer {
  readonly index: number;
  readonly name: string;
  readonly weight: number;
}

export type DistributionName = 'ketama' | 'modula' | 'random';

/** Maps a 32-bit hash to the index of a server. */
export interface Ring {
  pick(hash: number): number;
}

/** Builds the distribution over the live servers, given in the pool's order. At least one server. */
export function buildRing(distribution: DistributionName, servers: readonly RingServer[]): Ring {
  switch (distribution) {
    case 'ketama':
      return new KetamaRing(servers);
    case 'modula':
      return new ModulaRing(servers);
    case 'random':
      return new RandomRing(servers);
  }
}

const POINTS_PER_SERVER = 160;
const POINTS_PER_HASH = 4;
/** Longest `<name>-<group>` the original hashes: its buffer is 273 bytes with the terminator. */
const NAME_LIMIT = 272;

/**
 * Number of MD5 groups of a server, in float32 at every step like the original: equal weights give 39 groups
 * instead of 40 for 25, 47, 50 … servers, and computing in double would misplace keys there.
 */
export function ketamaGroups(weight: number, totalWeight: number, serverCount: number): number {
  const f = Math.fround;
  const share = f(f(weight) / f(totalWeight));
  const points = f(f(f(share * POINTS_PER_SERVER) / POINTS_PER_HASH) * f(serverCount));
  return Math.floor(f(points + 0.0000000001));
}

/** The four points of group `group` of a server. */
export function ketamaPoints(name: string, group: number): number[] {
  const text = Buffer.from(`${name}-${group}`).subarray(0, NAME_LIMIT);
  const digest = createHash('md5').update(text).digest();
  return [0, 4, 8, 12].map((offset) => digest.readUInt32LE(offset));
}

const BUCKET_BITS = 12;

export class KetamaRing implements Ring {
  /** Point values, ascending, and beside each the server that owns it. */
  private readonly values: Float64Array;
  private readonly owners: Int32Array;
  /** For the top bits of a hash: the first point that can be its answer. Saves the binary search. */
  private readonly buckets: Int32Array;

  constructor(servers: readonly RingServer[]) {
    const points = collectPoints(servers);
    points.sort((a, b) => a.value - b.value);
    this.values = Float64Array.from(points, (point) => point.value);
    this.owners = Int32Array.from(points, (point) => point.owner);
    this.buckets = new Int32Array(1 << BUCKET_BITS);
    let point = 0;
    for (let bucket = 0; bucket < this.buckets.length; bucket++) {
      const lowest = bucket * 2 ** (32 - BUCKET_BITS);
      while (point < this.values.length && this.values[point] < lowest) point++;
      this.buckets[bucket] = point;
    }
  }

  get pointCount(): number {
    return this.values.length;
  }

  pick(hash: number): number {
    const values = this.values;
    let point = this.buckets[hash >>> (32 - BUCKET_BITS)];
    while (point < values.length && values[point] < hash) point++;
    return this.owners[point === values.length ? 0 : point];
  }
}

/** In server order, so that the (stable) sort keeps the original's order on equal values. */
function collectPoints(servers: readonly RingServer[]): { value: number; owner: number }[] {
  // uint32 like the original's sum
  const total = servers.reduce((sum, server) => (sum + server.weight) >>> 0, 0);
  const points: { value: number; owner: number }[] = [];
  for (const server of servers) {
    const groups = ketamaGroups(server.weight, total, servers.length);
    for (let group = 0; group < groups; group++) {
      for (const value of ketamaPoints(server.name, group)) points.push({ value, owner: server.index });
    }
  }
  return points;
}

class ModulaRing implements Ring {
  /** End of each server's run of slots: a server has as many slots as weight. */
  private readonly ends: number[] = [];
  private readonly owners: number[];
  private readonly total: number;

  constructor(servers: readonly RingServer[]) {
    let slots = 0;
    for (const server of servers) {
      slots += server.weight;
      this.ends.push(slots);
    }
    this.total = slots;
    this.owners = servers.map((server) => server.index);
  }

  pick(hash: number): number {
    const slot = hash % this.total;
    let low = 0;
    let high = this.ends.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (slot < this.ends[middle]) high = middle;
      else low = middle + 1;
    }
    return this.owners[low];
  }
}

class RandomRing implements Ring {
  private readonly owners: number[];

  constructor(servers: readonly RingServer[]) {
    this.owners = servers.map((server) => server.index);
  }

  pick(): number {
    return this.owners[Math.floor(Math.random() * this.owners.length)];
  }
}

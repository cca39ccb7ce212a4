/** Words that stack.yaml may choose from, and the types of them. */

/** twemproxy's hash functions, spelled as in nutcracker.yml. */
export const HASHES = [
  'one_at_a_time',
  'md5',
  'crc16',
  'crc32',
  'crc32a',
  'fnv1_64',
  'fnv1a_64',
  'fnv1_32',
  'fnv1a_32',
  'hsieh',
  'murmur',
  'jenkins',
] as const;
export type HashName = (typeof HASHES)[number];

/** twemproxy's key distributions, spelled as in nutcracker.yml. */
export const DISTRIBUTIONS = ['ketama', 'modula', 'random'] as const;
export type DistributionName = (typeof DISTRIBUTIONS)[number];

/** Who answers requests that only read. */
export const READ_SOURCES = ['master', 'replicas'] as const;
export type ReadSource = (typeof READ_SOURCES)[number];

/** Where the keys of one transaction may be: all on one shard, or on several, each of which has a transaction of its own. */
export const TRANSACTION_SCOPES = ['strict', 'per_shard'] as const;
export type TransactionScope = (typeof TRANSACTION_SCOPES)[number];

/** What a client gets for a write that was sent and not answered: an error in words, or the end of its connection. */
export const UNKNOWN_OUTCOMES = ['error', 'disconnect'] as const;
export type UnknownOutcomes = (typeof UNKNOWN_OUTCOMES)[number];

/** Whether FLUSHALL, FLUSHDB and KEYS are served. */
export const DANGER_RULES = ['allow', 'refuse'] as const;
export type DangerRule = (typeof DANGER_RULES)[number];

/** Redis `appendfsync`: what a crash of the whole machine may cost. */
export const FSYNC_POLICIES = ['always', 'everysec', 'no'] as const;
export type FsyncPolicy = (typeof FSYNC_POLICIES)[number];

/** What a promotion has to prove: that nothing acknowledged is missing, or nothing beyond what a sentinel sees. */
export const DURABILITIES = ['strict', 'available'] as const;
export type Durability = (typeof DURABILITIES)[number];

/** How applications get to the edges of several hosts: an address that VRRP moves, or whatever the operator has. */
export const ENTRANCES = ['vrrp', 'external'] as const;
export type Entrance = (typeof ENTRANCES)[number];

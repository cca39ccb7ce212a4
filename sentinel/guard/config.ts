import { readFileSync } from 'node:fs';
import type { Rules } from './core/election.ts';

/** Another member of the shard, or a sentinel. */
export interface Place {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export interface Peer extends Place {
  readonly guardPort: number;
}

/** What a guard is told, as guard.json beside the other seed files. Holds the guards' password in clear. */
export interface GuardConfig {
  readonly name: string;
  readonly shard: string;
  readonly address: string;
  readonly port: number;
  readonly guardPort: number;
  readonly peers: readonly Peer[];
  readonly sentinels: readonly Place[];
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
  readonly rules: Rules;
  /** The first one is used, all are good. */
  readonly passwords: readonly string[];
}

export const readConfig = (seed: string): GuardConfig =>
  JSON.parse(readFileSync(`${seed}/guard.json`, 'utf8')) as GuardConfig;

export const placeOf = ({ address, port }: { address: string; port: number }): string => `${address}:${port}`;

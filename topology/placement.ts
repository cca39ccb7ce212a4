/** Which domain holds what, and what it is called. */
import type { Role } from './types.ts';

/**
 * Domains of a shard that names none: the first `replicas + 1` of the file, rotated by the shard's position so that
 * initial masters spread. Independent of further domains, so that adding one moves nothing.
 */
export function defaultShardDomains<T>(domains: readonly T[], replicas: number, shardIndex: number): T[] {
  const first = domains.slice(0, replicas + 1);
  return first.map((_, index) => first[(index + shardIndex) % first.length]);
}

/** Name of the shard at this position when the file gives none. */
export function defaultShardName(shardIndex: number): string {
  return `shard-${shardIndex + 1}`;
}

/** Container name; `part` is the role, or the shard's name for redis. Unique on the engine. */
export function memberName(stack: string, part: Exclude<Role, 'redis'> | string, domain: string): string {
  return `${stack}-${part}-${domain}`;
}

/** CDKTF stack names. */
export function networkStackName(stack: string): string {
  return `${stack}-network`;
}
export function domainStackName(stack: string, domain: string): string {
  return `${stack}-${domain}`;
}
export function dataStackName(stack: string, domain: string): string {
  return `${stack}-${domain}-data`;
}

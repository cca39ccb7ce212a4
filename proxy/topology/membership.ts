import type { PoolConfig } from '../config/pool.ts';
import { type Place, samePlace } from './decide.ts';

/**
 * Whether a server may be at a place: nobody else's word makes it so. In a pool that lists no members every place will do.
 * @param server its name
 */
export function isMember({ members }: Pick<PoolConfig, 'members'>, server: string, place: Place): boolean {
  return (
    members.length === 0 || members.some((member) => member.server === server && samePlace(member, place))
  );
}

/** What sentinels say of one server that cannot be: masters which are no members. By sentinel. */
export class Strangers {
  private readonly named = new Map<number, Place>();

  /**
   * Notes whom a sentinel names.
   * @param place null = a member, or nobody
   * @returns whether that is news
   */
  note(sentinel: number, place: Place | null): boolean {
    const before = this.named.get(sentinel);
    if (place === null) return this.named.delete(sentinel);
    this.named.set(sentinel, place);
    return before === undefined || !samePlace(before, place);
  }

  /** In words, for the statistics. @param sentinelName how a sentinel is called */
  describe(sentinelName: (sentinel: number) => string): string[] {
    return [...this.named].map(
      ([sentinel, { host, port }]) => `sentinel ${sentinelName(sentinel)} names ${host}:${port}`,
    );
  }
}

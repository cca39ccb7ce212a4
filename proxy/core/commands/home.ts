import { REFUSED } from '../../protocol/replies.ts';
import type { RequestFrame } from '../../protocol/request-frame.ts';
import type { PoolServer } from '../server/server.ts';
import { apart, keyTooLong, type PlacedKey, placed } from './refusals.ts';
import type { Session } from './session.ts';

/** A server, and the key that decided on it. */
export interface Home {
  readonly server: PoolServer;
  readonly key: PlacedKey;
}

/** More keys would hold everybody else up while their servers are found. */
export const MOST_KEYS = 65_536;

/**
 * The one server on which all keys of a request live.
 * @param keys numbers of the elements that are keys
 * @param whose what they belong to, for the error: `of 'rename'`
 * @param first where they must live, when that is decided already
 * @returns null when there is no key, a text when they cannot be served together
 */
export function homeOf(
  { pool, routing }: Session,
  frame: RequestFrame,
  buffer: Uint8Array,
  keys: readonly number[],
  whose: string,
  first: Home | null = null,
): Home | string | null {
  if (keys.length > MOST_KEYS)
    return `at most ${MOST_KEYS} keys ${whose} are served here, and it has ${keys.length}`;
  const { args } = frame;
  let home = first;
  for (const i of keys) {
    const [from, to] = [args[2 * i], args[2 * i + 1]];
    if (to - from > pool.keyLimit) return keyTooLong(pool, to - from);
    const server = routing.serverFor(buffer, from, to);
    if (server === null) return REFUSED;
    if (home === null) home = { server, key: placed(frame, buffer, i, server) };
    else if (server !== home.server) return apart(pool, whose, home.key, placed(frame, buffer, i, server));
  }
  return home;
}

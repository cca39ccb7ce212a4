import type { MemoryClient, MemoryScene } from './memory-scene.ts';
import { request } from './raw-client.ts';

export const MIB = 1024 * 1024;
const PIECE = 200_000;

/** More than a proxy keeps of one request. */
export const largeValue = 'v'.repeat(3 * MIB);
export const largeSet = request('SET', 'k', largeValue);

/** Sends `bytes[from, to)` piece by piece, as a network does. */
export function feed(
  { settle }: MemoryScene,
  client: MemoryClient,
  bytes: Uint8Array,
  from = 0,
  to = bytes.length,
): void {
  for (let at = from; at < to; at += PIECE) {
    client.send(bytes.subarray(at, Math.min(to, at + PIECE)));
    settle();
  }
}

import type { Link } from '../../transport/link.ts';
import type { RequestQueue } from './request-queue.ts';
import type { Segment } from './segment.ts';

/** In one call: far below IOV_MAX (1024), and more than a socket takes at once. */
const MOST = 64;

/**
 * Hands the segments that wait before request `end` to the kernel in one call, where there is more than one and the link
 * can do that. What is left, and why, is for the caller to find out with `write`.
 *
 * Requests above `BY_REFERENCE` bytes have a segment each. Written one by one, the first wakes the server, which takes
 * the processor to read it, and so on with each: with values of 64 KiB that cost an eighth of the CPU time.
 */
export function writeTogether(link: Link, queue: RequestQueue, end: number): void {
  if (link.writeMany === undefined) return;
  while (queue.sent < end && segmentOf(queue, queue.sent) !== segmentOf(queue, end - 1)) {
    const pieces = piecesBefore(queue, end);
    if (pieces.length < 2) return;
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const taken = link.writeMany(pieces);
    noteTaken(queue, taken);
    if (taken < bytes) return;
  }
}

function piecesBefore(queue: RequestQueue, end: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let request = queue.sent; request < end && pieces.length < MOST; ) {
    const segment = segmentOf(queue, request);
    // sent while it comes in, or in many chunks: one chunk after the other
    if (segment.parts !== null) break;
    if (segment.sentTo < segment.used) pieces.push(segment.bytes.subarray(segment.sentTo, segment.used));
    request = segment.last + 1;
  }
  return pieces;
}

function noteTaken(queue: RequestQueue, bytes: number): void {
  queue.bytesWritten += bytes;
  for (let left = bytes; left > 0; ) {
    const segment = segmentOf(queue, queue.sent);
    const part = Math.min(left, segment.used - segment.sentTo);
    segment.sentTo += part;
    left -= part;
    queue.noteWritten(segment);
  }
}

function segmentOf(queue: RequestQueue, request: number): Segment {
  return queue.segments[request & queue.mask];
}

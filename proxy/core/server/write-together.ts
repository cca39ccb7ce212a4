import type { Link } from '../../transport/link.ts';
import type { RequestQueue } from './request-queue.ts';
import type { Segment } from './segment.ts';

/** IOV_MAX is 1024; a turn of the loop hardly ever has so many. */
const MOST = 64;

/**
 * Hands the segments that wait before request `end` to the kernel in one call, where there is more than one and the link
 * can do that. What is left, and why, is for the caller to find out with `write`.
 *
 * Requests above `BY_REFERENCE` bytes have a segment each. Written one by one, the first wakes the server, which takes
 * the processor to read it, and so on with each: with values of 64 KiB that cost an eighth of the CPU time.
 */
export function writeTogether(link: Link, queue: RequestQueue, end: number): void {
  if (link.writeMany === undefined || queue.sent >= end) return;
  if (segmentOf(queue, queue.sent) === segmentOf(queue, end - 1)) return;
  const pieces: Uint8Array[] = [];
  for (let request = queue.sent; request < end && pieces.length < MOST; ) {
    const segment = segmentOf(queue, request);
    // sent while it comes in, or in many chunks: one chunk after the other
    if (segment.parts !== null) break;
    if (segment.sentTo < segment.used) pieces.push(segment.bytes.subarray(segment.sentTo, segment.used));
    request = segment.last + 1;
  }
  if (pieces.length < 2) return;
  let taken = link.writeMany(pieces);
  queue.bytesWritten += taken;
  while (taken > 0) {
    const segment = segmentOf(queue, queue.sent);
    const part = Math.min(taken, segment.used - segment.sentTo);
    segment.sentTo += part;
    taken -= part;
    queue.noteWritten(segment);
  }
}

function segmentOf(queue: RequestQueue, request: number): Segment {
  return queue.segments[request & queue.mask];
}

import { wordAt } from '../../../protocol/key-positions.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';

const DOLLAR = 36;

/** Where a blocking command says how long it may wait. */
export interface TimeoutPlace {
  /** Number of the element. */
  readonly element: number;
  /** Milliseconds of one of its units: BLPOP counts in seconds, XREAD BLOCK in milliseconds. */
  readonly unit: 1 | 1000;
}

/**
 * How long a request may wait, milliseconds.
 * @returns Infinity for 0, and for what is no time at all: the server says so at once
 */
export function waitOf({ element, unit }: TimeoutPlace, frame: RequestFrame, buffer: Uint8Array): number {
  const value = Number(wordAt(frame, buffer, element));
  return value > 0 ? value * unit : Number.POSITIVE_INFINITY;
}

/**
 * The request with what is left of its time.
 * @param request as it came, in RESP
 * @param at where the element of its timeout lies in it
 * @param left milliseconds, more than 0
 */
export function withTimeLeft(
  request: Uint8Array,
  at: { readonly from: number; readonly to: number },
  unit: TimeoutPlace['unit'],
  left: number,
): Uint8Array {
  // 0 would mean: for ever
  const text = unit === 1 ? String(Math.max(1, Math.ceil(left))) : Math.max(0.001, left / 1000).toFixed(3);
  // the element's own `$<length>\r\n` is in front of it
  const start = request.lastIndexOf(DOLLAR, at.from - 3);
  return Buffer.concat([
    request.subarray(0, start),
    Buffer.from(`$${text.length}\r\n${text}`),
    request.subarray(at.to),
  ]);
}

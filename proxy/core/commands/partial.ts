import { errorReply } from '../../protocol/replies.ts';
import type { ServerReply } from '../routing/fan-out.ts';
import type { PoolServer } from '../server/server.ts';

/**
 * The error for a client whose request was asked of several servers, when any of them did not do it. What some of them did
 * is never answered as if it were the whole.
 * @param what the request, as users name it: `dbsize`
 * @returns null when all did it. The servers' own words when all refuse it alike, as with wrong arguments; otherwise which
 * server did it, and of each that did not, why.
 */
export function partialFailure(what: string, replies: readonly ServerReply[]): Uint8Array | null {
  const failed = replies.filter(({ isError }) => isError);
  if (failed.length === 0) return null;
  const [first] = failed;
  if (failed.length === replies.length && failed.every(({ bytes }) => sameBytes(bytes, first.bytes)))
    return first.bytes;
  const done = replies.filter(({ isError }) => !isError).map(({ server }) => `'${server.name}'`);
  const doneBy = done.length === 0 ? '' : `; done by ${done.join(', ')}`;
  return errorReply(`'${what}' was not done by ${failed.map(inWords).join(', ')}${doneBy}`);
}

/** What is wrong with a request whichever server is asked. */
const OF_THE_REQUEST = /^-ERR (syntax error|value is not an integer or out of range)\r\n$/;

/** Error replies of several servers are told apart by who gave them, but for those that all would give. */
export function failureOf(what: string, { bytes, server }: ServerReply, servers: number): Uint8Array {
  const isOfAll = servers === 1 || OF_THE_REQUEST.test(Buffer.from(bytes).toString('latin1'));
  return isOfAll ? bytes : errorReply(`'${what}' was not done by ${inWords({ bytes, server })}`);
}

function inWords({ bytes, server }: { bytes: Uint8Array; server: PoolServer }): string {
  const text = Buffer.from(bytes).toString('latin1').slice(1).trimEnd();
  return `'${server.name}' (${text.replace(/^ERR /, '')})`;
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

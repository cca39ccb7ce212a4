import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Link, Transport } from './link.ts';

/** The last three parameters of `Transport.connect`, for one numeric address. */
type Attempt = (host: string, opened: (link: Link) => void, failed: Failed) => () => void;
type Failed = Parameters<Transport['connect']>[3];

/** Questions to the resolver that are under way: however many connections want a name, it is asked for once at a time. */
const asked = new Map<string, Promise<LookupAddress[]>>();

/**
 * Connects to `host`, whose name is resolved now and not remembered: `Bun.connect` keeps names for 30 s, and a server that
 * has moved meanwhile is not reached. The addresses of a name are tried one after the other, until one takes the connection.
 * @param attempt connects to one address
 * @returns ends it, as `Transport.connect`
 */
export function connectByName(
  host: string,
  attempt: Attempt,
  opened: (link: Link) => void,
  failed: Failed,
): () => void {
  if (isIP(host) !== 0) return attempt(host, opened, failed);
  let cancelled = false;
  let cancelAttempt: (() => void) | null = null;
  const tryFrom = (addresses: readonly LookupAddress[], i: number): void => {
    cancelAttempt = attempt(addresses[i].address, opened, (code, reason) => {
      // with a reason it was TLS that failed: somebody was there
      if (reason === undefined && i + 1 < addresses.length && !cancelled) tryFrom(addresses, i + 1);
      else failed(code, reason);
    });
  };
  addressesOf(host).then(
    (addresses) => {
      if (!cancelled) tryFrom(addresses, 0);
    },
    (error: NodeJS.ErrnoException) => {
      if (!cancelled) failed(error.code ?? 'ENOTFOUND');
    },
  );
  return () => {
    cancelled = true;
    cancelAttempt?.();
  };
}

function addressesOf(host: string): Promise<LookupAddress[]> {
  let answer = asked.get(host);
  if (answer === undefined) {
    answer = lookup(host, { all: true }).finally(() => asked.delete(host));
    asked.set(host, answer);
  }
  return answer;
}

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Host } from '../../topology/types.ts';

/** Why nothing can be deployed on a host, and what to do about it. */
export interface HostProblem {
  readonly what: string;
  readonly remedy: string;
  /** Nobody answers there: the machine, its engine or the way to it is down, which may be over soon. */
  readonly gone?: boolean;
}

/**
 * Puts what people do about them beside the words of ssh, TLS and the network.
 *
 * @param words of the error that the host's engine was not reached with
 * @param folder that the path of its certificates is relative to
 */
export function hostProblem(words: string, host: Host, folder: string): HostProblem {
  const what = words.trim();
  const { address, certificates, docker } = host;
  const by = docker.startsWith('ssh://') ? login(docker) : docker;
  if (/Host key verification failed|IDENTIFICATION HAS CHANGED/.test(what))
    return { what, remedy: `compare its host key with the machine's, then log in once by hand: ${by}` };
  if (/Permission denied \(/.test(what))
    return { what, remedy: `give your ssh key to that user there; to try it: ${by}` };
  if (/permission denied/i.test(what)) return { what, remedy: 'put that user into the group docker there' };
  if (/docker: (command )?not found|docker: not found/.test(what))
    return { what, remedy: 'install the docker command there' };
  if (/certificate|cert|TLS|SSL/i.test(what)) {
    const shown = certificates ?? '`certificates`';
    const dated = certificates === undefined ? undefined : outOfDate(resolve(folder, certificates), shown);
    if (dated !== undefined) return { what: `${dated} (${what})`, remedy: `issue another one into ${shown}` };
    return {
      what,
      remedy: `check ca.pem, cert.pem and key.pem in ${shown}; the engine's must be for the address in ${docker}`,
    };
  }
  return {
    what,
    remedy: `start the machine and its engine, and let ${by} through to ${address}`,
    gone: true,
  };
}

/** How a person logs in at `ssh://[user@]host[:port]`. */
function login(docker: string): string {
  const { hostname, port, username } = new URL(docker);
  const user = username === '' ? '' : `${decodeURIComponent(username)}@`;
  return `ssh ${port === '' ? '' : `-p ${port} `}${user}${hostname}`;
}

/** In words, which of our own certificates counts no more, or not yet: an engine says of one only that it is bad. */
function outOfDate(folder: string, shown: string): string | undefined {
  const now = Date.now();
  for (const file of ['cert.pem', 'ca.pem']) {
    const { validFrom, validTo } = readCertificate(join(folder, file)) ?? {};
    if (validTo !== undefined && Date.parse(validTo) < now)
      return `${file} in ${shown} expired on ${validTo}`;
    if (validFrom !== undefined && Date.parse(validFrom) > now)
      return `${file} in ${shown} is good from ${validFrom} on`;
  }
  return undefined;
}

function readCertificate(path: string): X509Certificate | undefined {
  try {
    return new X509Certificate(readFileSync(path));
  } catch {
    // Not to be read, or none: the words of TLS say so.
    return undefined;
  }
}

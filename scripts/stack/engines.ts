import { resolve } from 'node:path';
import type Docker from 'dockerode';
import { connect, readTls } from '../../provider/docker/connect.ts';
import type { TlsMaterial } from '../../provider/docker/tls-material.ts';
import { isOnHosts } from '../../topology/plan.ts';
import type { AnyPlan, Host } from '../../topology/types.ts';
import { demandEngine, dockerClient, engineAddress } from '../docker-client.ts';
import { EnvironmentError } from '../errors.ts';
import type { DomainEngine } from './domain-engine.ts';

export type { DomainEngine } from './domain-engine.ts';

/** The engines of a stack. Clients are connected by their first request: an engine here need not answer. */
export interface Engines {
  /** One entry for each domain, in the order of the plan. */
  readonly list: readonly DomainEngine[];
  /** All of them as one client: the engine itself, or one that routes by the names of members and volumes. */
  readonly client: Docker;
  /** @throws RangeError for a name that no domain has */
  ofDomain(name: string): DomainEngine;
  /** @throws RangeError for a name that no member has */
  ofMember(name: string): DomainEngine;
}

/** Seconds that ssh may take to connect: nothing waits longer for a host. */
export const SSH_CONNECT_SECONDS = 3;

/**
 * The engines that a plan names: that of DOCKER_HOST for a stack on one engine, else one for each domain.
 *
 * @param folder that paths of certificates are relative to: the stack file's
 * @param streams how many requests to one engine may last, as a log that is followed does
 * @throws EnvironmentError when certificates cannot be read
 */
export async function connectEngines(plan: AnyPlan, folder: string, streams = 0): Promise<Engines> {
  if (!isOnHosts(plan)) {
    const docker = await dockerClient();
    return enginesOf(
      plan,
      plan.domains.map(({ name }) => ({ domain: name, docker })),
      docker,
    );
  }
  const list = await Promise.all(
    plan.domains.map(async ({ host, name }) => ({
      domain: name,
      docker: await connect(host.docker, {
        tls: tlsOf(name, host, folder),
        connectSeconds: SSH_CONNECT_SECONDS,
        streams,
      }),
      host,
    })),
  );
  const { RoutedClient } = await import('./routed-client.ts');
  return enginesOf(plan, list, new RoutedClient(plan, list));
}

/** Where a stack is, in words: for messages, and locks. */
export const enginesNamed = (plan: AnyPlan): string =>
  isOnHosts(plan) ? plan.domains.map(({ host }) => host.docker).join(', ') : engineAddress();

/**
 * The engines of a stack for a verb that looks at what stands, or changes it.
 *
 * @param streams as for `connectEngines`
 * @throws EnvironmentError when the one engine does not answer; of several hosts each may be silent
 */
export async function demandEngines(plan: AnyPlan, folder: string, streams = 0): Promise<Engines> {
  if (!isOnHosts(plan)) await demandEngine();
  return connectEngines(plan, folder, streams);
}

function enginesOf(plan: AnyPlan, list: readonly DomainEngine[], client: Docker): Engines {
  const ofDomain = (name: string): DomainEngine => {
    const found = list.find(({ domain }) => domain === name);
    if (found === undefined) throw new RangeError(`there is no domain ${name}`);
    return found;
  };
  return {
    list,
    client,
    ofDomain,
    ofMember(name) {
      const member = plan.members.find((each) => each.name === name);
      if (member === undefined) throw new RangeError(`there is no member ${name}`);
      return ofDomain(member.domain);
    },
  };
}

function tlsOf(domain: string, { certificates }: Host, folder: string): TlsMaterial | undefined {
  if (certificates === undefined) return undefined;
  const path = resolve(folder, certificates);
  try {
    return readTls(path);
  } catch (cause) {
    throw new EnvironmentError(
      `the certificates of domain ${domain} cannot be read: ${(cause as Error).message}`,
      {
        where: path,
        remedy: '`certificates` names a folder that holds ca.pem, cert.pem and key.pem',
        cause,
      },
    );
  }
}

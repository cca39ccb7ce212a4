import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, readTls } from '../../provider/docker/connect.ts';
import type { Host, HostsPlan } from '../../topology/types.ts';
import { type HostProblem, hostProblem } from './host-remedy.ts';

/** As long as anybody waits for one host; ssh gives up a second earlier, so that it says why. */
const PATIENCE_MS = 4000;
const WORDS_MS = 1000;
/** Oldest engine API that has everything the stacks use: 1.40, engine 19.03. */
const OLDEST_API = 40;
/** Beyond, logs of hosts cannot be laid side by side. */
const CLOCK_MS = 1000;

/** What one machine says of itself, or why it says nothing. */
export interface HostView {
  readonly domain: string;
  readonly docker: string;
  readonly address: string;
  /** Of its engine; undefined when it was not reached. */
  readonly version?: string;
  readonly hostname?: string;
  readonly processors?: number;
  readonly memoryMb?: number;
  /** Of its processors, as the engine calls it: x86_64, aarch64. */
  readonly architecture?: string;
  /** How far its clock is ahead of this machine's, to the milliseconds that the question took. */
  readonly clockMs?: number;
  /** Why nothing can be deployed there, and what to do about it. */
  readonly problem?: HostProblem;
  /** What works all the same. */
  readonly warning?: string;
}

interface EngineInfo {
  readonly ID: string;
  readonly Name: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly OSType: string;
  readonly Architecture: string;
  /** `name=rootless`, `name=userns`, `name=apparmor` … */
  readonly SecurityOptions?: readonly string[];
  readonly SystemTime: string;
}

interface Seen {
  readonly view: HostView;
  readonly id?: string;
}

/**
 * Asks all hosts of a plan at once. One that cannot be reached is a view like the others.
 *
 * @param folder that paths of certificates are relative to: the stack file's
 * @param patienceMs for each of them
 */
export async function lookAtHosts(
  plan: HostsPlan,
  folder: string,
  patienceMs = PATIENCE_MS,
): Promise<HostView[]> {
  const seen = await Promise.all(plan.domains.map(({ host, name }) => look(name, host, folder, patienceMs)));
  return seen.map(({ id, view }, index) => {
    const twin = id === undefined ? undefined : seen.slice(0, index).find((other) => other.id === id);
    if (twin === undefined) return view;
    const what = `is the engine of domain ${twin.view.domain} by another name`;
    return { ...view, problem: { what, remedy: 'give every domain a machine of its own' } };
  });
}

async function look(domain: string, host: Host, folder: string, patienceMs: number): Promise<Seen> {
  const known = { domain, docker: host.docker, address: host.address };
  const patience = new AbortController();
  try {
    return await Promise.race([
      ask(known, host, folder, patienceMs),
      sleep(patienceMs, undefined, { signal: patience.signal, ref: false }).then(() => {
        throw new Error(`does not answer within ${patienceMs / 1000} s`);
      }),
    ]);
  } catch (error) {
    return { view: { ...known, problem: hostProblem((error as Error).message, host, folder) } };
  } finally {
    patience.abort();
  }
}

async function ask(
  known: Pick<HostView, 'domain' | 'docker' | 'address'>,
  { certificates, docker }: Host,
  folder: string,
  patienceMs: number,
): Promise<Seen> {
  const tls = certificates === undefined ? undefined : readTls(resolve(folder, certificates));
  const connectSeconds = (patienceMs - WORDS_MS) / 1000;
  // A question that nobody waits for any more ends, too: it would keep the program from ending for minutes.
  const engine = await connect(docker, { tls, connectSeconds, timeoutMs: patienceMs });
  const version = await engine.version();
  const asked = Date.now();
  const info = (await engine.info()) as EngineInfo;
  const clockMs = Math.round(Date.parse(info.SystemTime) - (asked + Date.now()) / 2);
  const view: HostView = {
    ...known,
    version: version.Version,
    hostname: info.Name,
    processors: info.NCPU,
    memoryMb: Math.round(info.MemTotal / 1024 ** 2),
    architecture: info.Architecture,
    clockMs,
    ...unfit(info, version.ApiVersion),
    ...(Math.abs(clockMs) > CLOCK_MS
      ? {
          warning: `its clock is ${Math.abs(clockMs)} ms ${clockMs > 0 ? 'ahead' : 'behind'}: logs cannot be compared`,
        }
      : {}),
  };
  return { view, id: info.ID };
}

function unfit({ OSType, SecurityOptions = [] }: EngineInfo, api: string): Pick<HostView, 'problem'> {
  if (OSType !== 'linux')
    return { problem: { what: `runs ${OSType} containers`, remedy: 'use an engine on Linux' } };
  if (Number(api.split('.')[1]) < OLDEST_API)
    return { problem: { what: `speaks API ${api}`, remedy: 'install Docker 19.03 or later there' } };
  const apart = SecurityOptions.find((option) => /^name=(rootless|userns)/.test(option));
  if (apart === undefined) return {};
  const [, mode] = /^name=(\w+)/.exec(apart) ?? [];
  return {
    problem: {
      what: `is an engine with ${mode === 'userns' ? 'users of its own (userns-remap)' : 'a network of its own (rootless)'}: its containers cannot use the network of the host`,
      remedy: 'use an engine that runs as root, without userns-remap',
    },
  };
}

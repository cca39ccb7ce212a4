import type Docker from 'dockerode';
import type { GuardState } from '../../sentinel/guard/messages.ts';
import { isOnHosts } from '../../topology/plan.ts';
import type { AnyPlan, Credentials, HostsPlan } from '../../topology/types.ts';
import { readBackupRecord } from '../backup/record.ts';
import { demandEngine, engineAddress } from '../docker-client.ts';
import { describeFault, faultsLeftBehind } from '../drill/left-faults.ts';
import { EnvironmentError } from '../errors.ts';
import { assess } from '../observe/assess.ts';
import { type ContainerState, execInContainer, lastLogLines, listContainers } from '../observe/engine.ts';
import { askGuard } from '../observe/guard-call.ts';
import { lookAtHosts } from '../observe/hosts.ts';
import { collectStatus } from '../observe/status.ts';
import {
  type Conflict,
  dockerBridges,
  engineConflicts,
  hostConflicts,
  hostNetwork,
  nameConflicts,
} from '../prepare/conflicts.ts';
import { probeEngine } from '../prepare/engine.ts';
import { credentialsFile, readCredentials } from '../stack/credentials.ts';
import { connectEngines, type Engines, enginesNamed } from '../stack/engines.ts';
import type { Home } from '../stack/home.ts';
import { readInstance } from '../stack/instance.ts';
import type { EngineFacts, Facts, FileFacts, HostFacts } from './facts.ts';
import { findDrift } from './find-drift.ts';
import { isLooping } from './looping.ts';
import { damagedFiles } from './mend-files.ts';
import { readMemory, readVitals } from './vitals.ts';

const EXEC_MS = 5000;
const LOG_LINES = 40;

/**
 * Looks at everything that a verdict may need. What cannot be seen is said in `unseen`; changes nothing.
 *
 * @param folder that paths of the stack file are relative to
 */
export async function gatherFacts(home: Home, plan: AnyPlan, folder: string): Promise<Facts> {
  const files = fileFacts(home, plan.name);
  const leftFaults = (await faultsLeftBehind(home, plan.name)).map(describeFault);
  const { away, engine } = isOnHosts(plan)
    ? await machineFacts(plan, folder)
    : { away: new Map(), engine: await engineFacts() };
  const nothing: Facts = {
    plan,
    now: Date.now(),
    engine,
    away,
    files,
    leftFaults,
    backups: readBackupRecord(home, plan.name),
    containers: new Map(),
    problems: [],
    guards: new Map(),
    vitals: new Map(),
    vrrp: new Map(),
    lastLines: new Map(),
    memory: new Map(),
    hosts: new Map(),
    drift: new Map(),
    conflicts: [],
    unseen: [],
  };
  if (engine.kind !== 'answers') return nothing;
  return new Gathering(home, plan, nothing, await connectEngines(plan, folder)).all();
}

class Gathering {
  readonly #unseen: string[] = [];

  constructor(
    private readonly home: Home,
    private readonly plan: AnyPlan,
    private readonly known: Facts,
    private readonly engines: Engines,
  ) {}

  private get engine(): Docker {
    return this.engines.client;
  }

  async all(): Promise<Facts> {
    const { plan, engine, home } = this;
    const containers = await listContainers(engine, plan.name);
    const credentials = containers.size === 0 ? undefined : this.#credentials();
    // First whoever is held for silent, or out of reach, when his answer is late: all else keeps this machine and its ways to
    // the engines busy.
    const status = credentials === undefined ? undefined : await collectStatus(plan, credentials, engine);
    const [guards, vitals] = await Promise.all([
      this.#guards(credentials),
      this.#vitals(credentials, containers),
    ]);
    const [vrrp, lastLines, memory, hosts, conflicts] = await Promise.all([
      this.#vrrp(containers),
      this.#lastLines(containers),
      this.#memory(containers),
      this.#hosts(containers),
      this.#conflicts(),
    ]);
    const drift = credentials === undefined ? undefined : findDrift(home, plan, credentials, containers);
    if (drift === undefined && credentials !== undefined)
      this.#unseen.push(
        'whether members run with the files of stack.yaml: terraform’s state of them is not here',
      );
    const domains = new Set(plan.domains.map(({ name }) => name));
    return {
      ...this.known,
      now: Date.now(),
      containers,
      status,
      problems: status === undefined ? [] : assess(plan, status, domains),
      guards,
      vitals,
      vrrp,
      lastLines,
      memory,
      hosts,
      conflicts,
      drift: drift ?? new Map(),
      unseen: this.#unseen,
    };
  }

  #credentials(): Credentials | undefined {
    if (this.known.files.credentials !== 'good') {
      this.#unseen.push('what members say of themselves: there are no usable passwords here');
      return undefined;
    }
    return readCredentials(this.home, this.plan.name);
  }

  /** What `look` finds of each, by name; those of which it finds nothing are left out. */
  async #each<M extends { readonly name: string }, T>(
    members: readonly M[],
    look: (member: M) => Promise<T | undefined>,
    unseen?: string,
  ): Promise<ReadonlyMap<string, T>> {
    const found = await Promise.all(
      members.map(async (member) => {
        try {
          const value = await look(member);
          return value === undefined ? [] : [[member.name, value] as const];
        } catch (error) {
          if (unseen !== undefined)
            this.#unseen.push(`${unseen} of ${member.name}: ${(error as Error).message.trim()}`);
          return [];
        }
      }),
    );
    return new Map(found.flat());
  }

  /** One that does not answer is a fact, too. */
  async #guards(credentials: Credentials | undefined): Promise<Facts['guards']> {
    if (credentials === undefined) return new Map();
    const redises = this.plan.shards.flatMap(({ members }) => members);
    return this.#each(redises, (member) => askGuard<GuardState>(member, credentials, { kind: 'state' }));
  }

  /** One that does not answer is told of by its status. */
  async #vitals(
    credentials: Credentials | undefined,
    containers: Facts['containers'],
  ): Promise<Facts['vitals']> {
    if (credentials === undefined) return new Map();
    const login = { username: 'operator', password: credentials.operator };
    const asked = [...this.plan.shards.flatMap(({ members }) => members), ...this.plan.sentinels];
    return this.#each(running(asked, containers), (member) => readVitals(member, login));
  }

  #vrrp(containers: Facts['containers']): Promise<Facts['vrrp']> {
    return this.#each(
      running(this.plan.edges, containers),
      async ({ name }) => {
        const text = await execInContainer(this.engine, name, ['cat', '/run/twemstack/vrrp-state'], EXEC_MS);
        return statesOf(text, this.plan.vip);
      },
      'the state of keepalived',
    );
  }

  #lastLines(containers: Facts['containers']): Promise<Facts['lastLines']> {
    const ailing = this.plan.members.filter(({ name }) => {
      const container = containers.get(name);
      return (
        container !== undefined &&
        (container.status !== 'running' ||
          isLooping(container, Date.now()) ||
          container.health === 'unhealthy')
      );
    });
    return this.#each(ailing, ({ name }) => lastLogLines(this.engine, name, LOG_LINES), 'the log');
  }

  #memory(containers: Facts['containers']): Promise<Facts['memory']> {
    return this.#each(
      running(this.plan.members, containers),
      ({ name }) => readMemory(this.engine, name),
      'the memory',
    );
  }

  /** By domain, seen from one of its members that has data. */
  async #hosts(containers: Facts['containers']): Promise<Facts['hosts']> {
    const eyes = this.plan.domains.flatMap((domain) => {
      const members = domain.members.filter(({ role }) => role === 'redis' || role === 'sentinel');
      const [eye] = running(members, containers);
      return eye === undefined ? [] : [{ name: domain.name, eye: eye.name }];
    });
    return this.#each(
      eyes,
      async ({ eye }) => parseHost(await execInContainer(this.engine, eye, HOST_COMMAND, EXEC_MS)),
      'disk and kernel settings of domain',
    );
  }

  async #conflicts(): Promise<readonly Conflict[]> {
    const { plan, engine, home } = this;
    try {
      const instance = readInstance(home, plan.name);
      if (isOnHosts(plan)) return await this.#onHosts(plan, instance);
      const onEngine = await engineConflicts(plan, engine, instance);
      // Of another machine neither routes nor addresses are to be seen.
      if (!engineAddress().startsWith('unix://')) return onEngine;
      return [...onEngine, ...hostConflicts(plan, hostNetwork(), await dockerBridges(engine))];
    } catch (error) {
      this.#unseen.push(`whether others have names or addresses of the stack: ${(error as Error).message}`);
      return [];
    }
  }

  /** Only hosts that are reached can be looked at. */
  async #onHosts(plan: HostsPlan, instance: string | undefined): Promise<readonly Conflict[]> {
    const reached = plan.domains.filter(({ name }) => !this.known.away.has(name));
    const found = await Promise.all(
      reached.map((domain) =>
        nameConflicts(plan, [domain], this.engines.ofDomain(domain.name).docker, instance),
      ),
    );
    return found.flat();
  }
}

function running<M extends { readonly name: string }>(
  members: readonly M[],
  containers: ReadonlyMap<string, ContainerState>,
): M[] {
  return members.filter(({ name }) => containers.get(name)?.status === 'running');
}

const HOST_COMMAND = [
  'bash',
  '-c',
  'df -B1 --output=avail,size /data | tail -n 1; cat /proc/sys/vm/overcommit_memory',
];

/** `FREE SIZE`, and `OVERCOMMIT` in the next line. */
export function parseHost(text: string): HostFacts | undefined {
  const [diskFree, diskSize, overcommit] = text.trim().split(/\s+/).map(Number);
  const isWhole = [diskFree, diskSize, overcommit].every((value) => Number.isFinite(value));
  return isWhole ? { diskFree, diskSize, overcommit } : undefined;
}

/** One that answers is enough to look on. */
async function machineFacts(plan: HostsPlan, folder: string): Promise<Pick<Facts, 'away' | 'engine'>> {
  const views = await lookAtHosts(plan, folder);
  const away = views.flatMap(({ docker, domain, problem }) =>
    problem === undefined ? [] : [[domain, { docker, what: problem.what, remedy: problem.remedy }] as const],
  );
  const address = enginesNamed(plan);
  const [first] = away;
  const engine: EngineFacts =
    first !== undefined && away.length === views.length
      ? { kind: 'absent', address, detail: `domain ${first[0]}: ${first[1].what}` }
      : { kind: 'answers', address, ahead: 0 };
  return { away: new Map(away), engine };
}

async function engineFacts(): Promise<EngineFacts> {
  const address = engineAddress();
  try {
    const engine = await demandEngine();
    const before = Date.now();
    const { SystemTime } = (await engine.info()) as { readonly SystemTime?: string };
    const at = (before + Date.now()) / 2;
    const theirs = Date.parse(SystemTime ?? '');
    return { kind: 'answers', address, ahead: Number.isNaN(theirs) ? 0 : Math.round(theirs - at) };
  } catch (error) {
    const found = await probeEngine(address).catch((cause: Error) => {
      if (!(cause instanceof EnvironmentError)) throw cause;
      return { kind: 'absent', detail: cause.message } as const;
    });
    if (found.kind === 'engine') return { kind: 'silent', address, detail: (error as Error).message };
    return { kind: found.kind, address, detail: found.detail };
  }
}

function fileFacts(home: Home, stack: string): FileFacts {
  const credentialsPath = credentialsFile(home, stack);
  const damaged = damagedFiles(home, stack).map(({ path, outcome }) => ({ path, outcome }));
  try {
    const credentials = readCredentials(home, stack) === undefined ? 'missing' : 'good';
    return { credentialsPath, credentials, damaged };
  } catch (error) {
    return { credentialsPath, credentials: { damaged: (error as Error).message }, damaged };
  }
}

/** Lines of `STATE MILLISECONDS VIP`; @param vip of an edge whose image knew of one alone and did not say it */
function statesOf(text: string, vip: string): ReadonlyMap<string, string> | undefined {
  const lines = [...text.matchAll(/^([A-Z]+) \d+(?: (\S+))?$/gm)];
  return lines.length === 0 ? undefined : new Map(lines.map(([, state, of = vip]) => [of, state]));
}

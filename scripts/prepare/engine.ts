import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { dockerClient, engineAddress, LOCAL_SOCKET } from '../docker-client.ts';
import { EnvironmentError } from '../errors.ts';
import { lock } from '../process-lock.mjs';
import type { Step } from '../report/steps.ts';
import { readIfPresent } from '../stack/private-file.ts';
import { ensureDebianPackages } from './apt.ts';
import { type DockerdOptions, livingPid, SYSTEM_DOCKERD, startDockerd } from './dockerd.ts';
import { uplinkMtu } from './host-network.ts';
import { detectPlatform, findProgram, type Platform } from './platform.ts';

/** What an engine says of itself. */
export interface Engine {
  /** In the form of DOCKER_HOST. */
  readonly address: string;
  readonly version: string;
  readonly apiVersion: string;
  /** Where the engine keeps images and volumes, on its own machine. */
  readonly dataRoot: string;
  /** Whether that machine is this one: only then can its disk and routes be looked at. */
  readonly local: boolean;
}

/** The engine that everything runs on. */
export interface EngineChoice extends Engine {
  /** `running` = it was there; `started` = twemstack started it now and leaves it running. */
  readonly origin: 'running' | 'started';
}

/** The engine that is started on this machine when there is none. */
export type LocalEngine = Omit<DockerdOptions, 'program'>;

export interface EngineOptions {
  /** Default: DOCKER_HOST, or this machine's socket. */
  readonly address?: string;
  readonly platform?: Platform;
  /** Default: where Debian's engine keeps its things. */
  readonly local?: LocalEngine;
}

/** What a look at an address found. */
export type EngineProbe =
  | { readonly kind: 'engine'; readonly engine: Engine }
  | { readonly kind: 'forbidden' | 'silent' | 'absent' | 'other'; readonly detail: string };

/** Oldest engine API that has everything the stacks use: 1.40, engine 19.03. */
const OLDEST_API = 40;
const PROBE_MS = 5000;
const RETRY_MS = 100;
const PATIENCE_MS = 30_000;
const HOW_TO_GET_ONE =
  'install a Docker engine and start it (on Debian, as root: `apt-get install docker.io`), or point DOCKER_HOST at one';

/** Asks the address who answers there; never changes anything. */
export async function probeEngine(address: string, patienceMs = PROBE_MS): Promise<EngineProbe> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const left = deadline - performance.now();
    const found = await probeOnce(address, left);
    // Cut off before its time was up: an engine that ends at this very moment. Soon it is gone, or there again.
    if (found.kind !== 'silent' || deadline - performance.now() < RETRY_MS) return found;
    await sleep(RETRY_MS);
  }
}

async function probeOnce(address: string, patienceMs: number): Promise<EngineProbe> {
  try {
    const client = await dockerClient(address, patienceMs);
    const version = await client.version();
    const info = (await client.info()) as { OSType?: string; DockerRootDir: string };
    const names = (version.Components ?? []).map(({ Name }) => Name);
    if (names.some((name) => /podman/i.test(name))) return { kind: 'other', detail: names.join(', ') };
    if (info.OSType !== undefined && info.OSType !== 'linux') {
      return { kind: 'other', detail: `an engine for ${info.OSType} containers` };
    }
    return {
      kind: 'engine',
      engine: {
        address,
        version: version.Version,
        apiVersion: version.ApiVersion,
        dataRoot: info.DockerRootDir,
        local: address.startsWith('unix://'),
      },
    };
  } catch (error) {
    if (error instanceof EnvironmentError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') return { kind: 'forbidden', detail: message };
    if (code === 'ECONNRESET' || code === 'ETIMEDOUT') return { kind: 'silent', detail: message };
    return { kind: 'absent', detail: message };
  }
}

/**
 * The engine to use: the one that DOCKER_HOST names or that answers on this machine's socket; else, as root on Debian,
 * one that is installed and started here. An engine that somebody else runs is never restarted.
 *
 * @throws EnvironmentError when there is none to be had, with the way to get one
 */
export async function chooseEngine(step: Step, options: EngineOptions = {}): Promise<EngineChoice> {
  const { address = engineAddress(), platform = detectPlatform(), local = systemEngine() } = options;
  step.progress(`looking for an engine at ${address}`);
  const found = await probeEngine(address);
  const choice =
    found.kind === 'engine'
      ? running(found.engine)
      : await engineInstead(address, found, step, platform, local);
  checkVersion(choice);
  const origin = choice.origin === 'running' ? 'found running' : 'started by twemstack, stays running';
  step.outcome(`Docker ${choice.version} (API ${choice.apiVersion}) at ${address}, ${origin}`);
  return choice;
}

const running = (engine: Engine): EngineChoice => ({ ...engine, origin: 'running' });

async function engineInstead(
  address: string,
  found: Exclude<EngineProbe, { kind: 'engine' }>,
  step: Step,
  platform: Platform,
  local: LocalEngine,
): Promise<EngineChoice> {
  if (found.kind !== 'absent') throw unusable(address, found.kind, found.detail);
  if (address !== local.address) {
    throw new EnvironmentError(`no Docker engine answers: ${found.detail}`, {
      where: `DOCKER_HOST=${address}`,
      remedy: 'start that engine, correct DOCKER_HOST, or unset it to use (or get) one on this machine',
    });
  }
  const held = await lock('twemstack engine', () => step.progress('waiting for another twemstack'));
  try {
    const starting = await waitForStarting(local, step);
    return starting === undefined ? await startLocal(local, step, platform) : running(starting);
  } finally {
    await held.release();
  }
}

/** An engine that somebody else is starting right now, or that another twemstack has started meanwhile. */
async function waitForStarting({ address, pidFile }: LocalEngine, step: Step): Promise<Engine | undefined> {
  for (const patienceEnds = performance.now() + PATIENCE_MS; ; await sleep(250)) {
    const found = await probeEngine(address);
    if (found.kind === 'engine') return found.engine;
    const pid = livingPid(pidFile, 'dockerd');
    if (pid === undefined) return undefined;
    if (performance.now() > patienceEnds) {
      throw new EnvironmentError(`a Docker engine runs here (pid ${pid}) but does not answer on its socket`, {
        where: address,
        remedy: `see what it listens on (ps -fp ${pid}) and set DOCKER_HOST to that; twemstack does not restart it`,
      });
    }
    step.progress(`waiting for the engine that is starting (pid ${pid})`);
  }
}

/** Installs Debian's engine where there is none and starts it: through systemd where that runs, else detached. */
async function startLocal(local: LocalEngine, step: Step, platform: Platform): Promise<EngineChoice> {
  const { address } = local;
  if (platform.os !== 'linux' || !platform.root || (!platform.apt && findProgram('dockerd') === undefined)) {
    throw new EnvironmentError(
      'no Docker engine answers, and twemstack can install and start one only as root on Debian',
      {
        where: address,
        remedy: HOW_TO_GET_ONE,
      },
    );
  }
  if (findProgram('dockerd') === undefined) {
    await ensureDebianPackages(['docker.io', 'iptables'], 'a Docker engine', step, platform);
  }
  const program = findProgram('dockerd');
  if (program === undefined) {
    throw new EnvironmentError('docker.io is installed but there is no dockerd', {
      where: '/usr/sbin/dockerd',
      remedy: 'reinstall it: apt-get install --reinstall docker.io',
    });
  }
  if (platform.systemd && hasDockerUnit()) {
    step.progress('starting docker.service');
    await execa('systemctl', ['start', 'docker.service'], { stdin: 'ignore', reject: false });
  } else {
    await startDockerd({ ...local, program }, step);
  }
  const found = await probeEngine(address);
  if (found.kind === 'engine') return { ...found.engine, origin: 'started' };
  throw new EnvironmentError(`the Docker engine was started but does not answer: ${found.detail}`, {
    where: address,
    remedy: platform.systemd ? 'see `journalctl -u docker.service`' : `see ${local.logFile}`,
  });
}

function systemEngine(): LocalEngine {
  return { ...SYSTEM_DOCKERD, address: `unix://${LOCAL_SOCKET}`, arguments: systemArguments() };
}

/**
 * The engine's defaults, but for packets no larger than the uplink takes: image builds download over the engine's own
 * bridge, and replies larger than the uplink's limit may never arrive.
 */
function systemArguments(): string[] {
  const mtu = uplinkMtu();
  const configured = readIfPresent('/etc/docker/daemon.json')?.includes('"mtu"') === true;
  return mtu !== undefined && mtu < 1500 && !configured ? [`--mtu=${mtu}`] : [];
}

function hasDockerUnit(): boolean {
  return ['/lib/systemd/system', '/usr/lib/systemd/system', '/etc/systemd/system'].some((folder) =>
    existsSync(`${folder}/docker.service`),
  );
}

function unusable(address: string, kind: 'forbidden' | 'silent' | 'other', detail: string): EnvironmentError {
  const where = process.env.DOCKER_HOST ? `DOCKER_HOST=${address}` : address;
  switch (kind) {
    case 'forbidden':
      return new EnvironmentError(`you may not use the Docker engine: ${detail}`, {
        where,
        remedy: 'run this with sudo, or join the group: `sudo usermod -aG docker $USER`, then log in again',
      });
    case 'silent':
      return new EnvironmentError(
        `the Docker engine does not answer within ${PROBE_MS / 1000} s (${detail})`,
        {
          where,
          remedy: 'see its log; twemstack does not restart an engine that others may use',
        },
      );
    case 'other':
      return new EnvironmentError(`what answers is not a Docker engine for Linux containers: ${detail}`, {
        where,
        remedy: `static addresses, seed volumes and capabilities are Docker’s: ${HOW_TO_GET_ONE}`,
      });
  }
}

function checkVersion({ version, apiVersion, address }: Engine): void {
  const [major, minor] = apiVersion.split('.').map(Number);
  if (major > 1 || minor >= OLDEST_API) return;
  throw new EnvironmentError(
    `Docker ${version} (API ${apiVersion}) is too old, API 1.${OLDEST_API} is needed`,
    {
      where: address,
      remedy: 'upgrade that engine to 19.03 or newer',
    },
  );
}

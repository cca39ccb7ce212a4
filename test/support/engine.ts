import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { dockerClient } from '../../scripts/docker-client.ts';
import { cacheFolder } from '../../scripts/prepare/debian-base.ts';
import { livingPid, startDockerd } from '../../scripts/prepare/dockerd.ts';
import { uplinkMtu } from '../../scripts/prepare/host-network.ts';
import { findProgram } from '../../scripts/prepare/platform.ts';
import { lock, tryLock } from '../../scripts/process-lock.mjs';
import { createNetns, type NetworkNamespace, type Ran, removeNetns } from './netns.ts';
import { waitUntil } from './wait-until.ts';

/** A real Docker engine of the tests' own, in a network namespace of its own. */
export interface TestEngine {
  /** For DOCKER_HOST, from anywhere on this machine. */
  readonly dockerHost: string;
  readonly docker: Docker;
  /** Name of the namespace in which its bridges, and so the VIPs of its stacks, exist. */
  readonly netns: string;
  /** Prefix of a command line that makes it run in that namespace. */
  readonly enter: readonly string[];
  /** Runs a command in that namespace, with DOCKER_HOST set. */
  run(command: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran>;
  /** Ends it: containers, networks, volumes, the engine, the namespace. Images stay for the next run. */
  stop(): Promise<void>;
}

export interface TestEngineOptions {
  /** More flags of dockerd, given the address of this machine as the engine sees it. */
  readonly arguments?: (gateway: string) => readonly string[];
}

/** Images of ours that are kept per repository; older ones are builds of sources that changed since. */
const KEPT_IMAGES = 3;
const DEFAULT_FOLDER = join(cacheFolder(), 'test-engine');
const lockName = (folder: string): string => `test engine ${folder}`;
const ENGINE_NETWORKS = ['bridge', 'host', 'none'];
const QUIET_STEP = { progress: () => undefined, outcome: () => undefined };

/**
 * Starts the tests' engine. Its images live on in the cache folder, so that only the first run builds them; what else a
 * crashed earlier run left there is removed. One test run uses it at a time, the next one waits.
 */
export async function startTestEngine(
  folder = DEFAULT_FOLDER,
  options: TestEngineOptions = {},
): Promise<TestEngine> {
  const held = await lock(lockName(folder));
  try {
    const place = placeOf(folder);
    await endEngine(place);
    mkdirSync(place.run, { recursive: true, mode: 0o700 });
    disarm(place);
    const netns = await createNetns(place.name);
    await startDockerd(
      {
        program: findProgram('dockerd') ?? 'dockerd',
        arguments: [...dockerdArguments(place), ...(options.arguments?.(netns.gateway) ?? [])],
        address: `unix://${place.socket}`,
        pidFile: place.pidFile,
        execRoot: place.execRoot,
        logFile: place.logFile,
        wrapper: netns.enter,
      },
      QUIET_STEP,
    );
    const docker = await dockerClient(`unix://${place.socket}`);
    await removeEverything(docker);
    await removeOldImages(docker);
    return running(place, netns, docker, held.release);
  } catch (error) {
    await held.release();
    throw error;
  }
}

/** Ends a test engine that no living process holds: what a test run leaves when it is killed. */
export async function endAbandonedTestEngine(folder = DEFAULT_FOLDER): Promise<void> {
  if (!existsSync(folder)) return;
  const held = await tryLock(lockName(folder));
  if (held === undefined) return;
  try {
    await endEngine(placeOf(folder));
  } finally {
    await held.release();
  }
}

interface Place {
  /** Folder of what need not outlive the engine. */
  readonly run: string;
  /** Of the namespace; derived from the folder, so that the next run finds what a crashed one left. */
  readonly name: string;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly socket: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly configFile: string;
}

function placeOf(folder: string): Place {
  const name = `tw-test-${createHash('sha256').update(folder).digest('hex').slice(0, 3)}`;
  // Sockets have short paths at most, and nothing in /run outlives the machine.
  const run = `/run/${name}`;
  mkdirSync(folder, { recursive: true });
  const configFile = join(folder, 'daemon.json');
  writeFileSync(configFile, '{}\n');
  return {
    run,
    name,
    dataRoot: join(folder, 'data'),
    execRoot: join(run, 'exec'),
    socket: join(run, 'docker.sock'),
    pidFile: join(run, 'docker.pid'),
    logFile: join(folder, 'dockerd.log'),
    configFile,
  };
}

function dockerdArguments(place: Place): string[] {
  return [
    `--config-file=${place.configFile}`,
    `--host=unix://${place.socket}`,
    `--data-root=${place.dataRoot}`,
    `--exec-root=${place.execRoot}`,
    `--pidfile=${place.pidFile}`,
    // Only matter where a system containerd runs, which dockerd then shares.
    `--containerd-namespace=${place.name}`,
    `--containerd-plugins-namespace=${place.name}-plugins`,
    `--mtu=${uplinkMtu() ?? 1500}`,
  ];
}

function running(
  place: Place,
  netns: NetworkNamespace,
  docker: Docker,
  release: () => Promise<void>,
): TestEngine {
  const dockerHost = `unix://${place.socket}`;
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    try {
      await removeEverything(docker);
    } finally {
      await endEngine(place);
      await release();
    }
  };
  return {
    dockerHost,
    docker,
    netns: netns.name,
    enter: netns.enter,
    run: (command, env) => netns.run(command, { DOCKER_HOST: dockerHost, ...env }),
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/**
 * Ends the engine if it runs, by the pid it recorded, and removes its namespace. After a crash its run folder stays:
 * only with it can the next engine find, and end, the containers that outlived the last one.
 */
async function endEngine(place: Place): Promise<void> {
  if (await endDaemon(place)) rmSync(place.run, { recursive: true, force: true });
  await removeNetns(place.name);
}

/** Ends the daemon if it runs; true when it ran and ended in good order, its containers with it. */
async function endDaemon(place: Place): Promise<boolean> {
  const pid = livingPid(place.pidFile, 'dockerd');
  if (pid === undefined) return false;
  process.kill(pid, 'SIGTERM');
  const gone = (): boolean => livingPid(place.pidFile, 'dockerd') !== pid;
  try {
    await waitUntil('the test engine to end', gone, { withinMs: 30_000 });
    return true;
  } catch {
    process.kill(pid, 'SIGKILL');
    await waitUntil('the test engine to die', gone);
    return false;
  }
}

/** Containers of a crashed run come back with the engine when their restart policy says so: takes the policy away. */
function disarm(place: Place): void {
  const containers = join(place.dataRoot, 'containers');
  for (const id of list(containers)) {
    const file = join(containers, id, 'hostconfig.json');
    try {
      const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
      writeFileSync(file, JSON.stringify({ ...config, RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } }));
    } catch {
      // Written by half when the run crashed: the engine could not load it either.
      rmSync(join(containers, id), { recursive: true, force: true });
    }
  }
}

/** A verb that was killed may have left somebody at work: what is being removed, or made, at this moment is asked for again. */
async function removeEverything(docker: Docker): Promise<void> {
  const emptied = async (): Promise<boolean> => {
    const containers = await docker.listContainers({ all: true });
    await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
    for (const { Id, Name } of await docker.listNetworks())
      if (!ENGINE_NETWORKS.includes(Name)) await docker.getNetwork(Id).remove();
    for (const { Name } of (await docker.listVolumes()).Volumes ?? []) await docker.getVolume(Name).remove();
    return true;
  };
  await waitUntil('the test engine to be empty', emptied, { withinMs: 20_000, everyMs: 200 });
}

async function removeOldImages(docker: Docker): Promise<void> {
  await docker.pruneImages({ filters: { dangling: { true: true } } });
  const byRepository = new Map<string, string[]>();
  const images = await docker.listImages();
  for (const image of images.sort((a, b) => b.Created - a.Created)) {
    for (const tag of image.RepoTags ?? []) {
      const repository = tag.split(':')[0];
      if (repository.startsWith('twemstack/'))
        byRepository.set(repository, [...(byRepository.get(repository) ?? []), tag]);
    }
  }
  for (const tags of byRepository.values()) {
    for (const tag of tags.slice(KEPT_IMAGES)) await docker.getImage(tag).remove({ noprune: false });
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

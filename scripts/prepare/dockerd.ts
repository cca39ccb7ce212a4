import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dockerClient } from '../docker-client.ts';
import { EnvironmentError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import type { Step } from '../report/steps.ts';
import { lastLines } from './apt.ts';

/** How one dockerd is started. */
export interface DockerdOptions {
  /** Full path of dockerd. */
  readonly program: string;
  /** Flags; a flag that /etc/docker/daemon.json also sets makes dockerd refuse to start. */
  readonly arguments: readonly string[];
  /** Address that it will answer on, `unix://…`. */
  readonly address: string;
  readonly pidFile: string;
  /** dockerd's folder for what lives as long as it runs. */
  readonly execRoot: string;
  readonly logFile: string;
  /** A program to start it with, e.g. `['nsenter', '--net=/run/netns/x']`, which must end in exec. */
  readonly wrapper?: readonly string[];
}

/** Where dockerd keeps its things when nobody says otherwise, and where its log goes when twemstack starts it. */
export const SYSTEM_DOCKERD = {
  pidFile: '/var/run/docker.pid',
  execRoot: '/var/run/docker',
  logFile: '/var/log/twemstack-dockerd.log',
} as const;

const PATIENCE_MS = 60_000;
const POLL_MS = 100;
/** The kernel ends a containerd with the dockerd that started it: it is gone a moment later. */
const CONTAINERD_MS = 5000;
const CONTAINERD_POLL_MS = 20;

/** Pid of the process that `pidFile` names, if it is alive and is `program`. A reused pid does not count, nor a zombie. */
export function livingPid(pidFile: string, program: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    // "pid (name) state …"; the name is cut to 15 characters by the kernel.
    const [, name, state] = /\((.*)\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return name === program.slice(0, 15) && !'ZX'.includes(state) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Starts dockerd in a session of its own, so that it outlives this program, and waits until it answers.
 *
 * @returns its pid
 * @throws EnvironmentError with the end of its log when it does not come up
 */
export async function startDockerd(options: DockerdOptions, step: Step): Promise<number> {
  await removeStale(options);
  makeFolder(dirname(options.logFile));
  const before = sizeOf(options.logFile);
  const log = openSync(options.logFile, 'a', 0o600);
  const command = [...(options.wrapper ?? []), options.program, ...options.arguments];
  const child = spawn(command[0], command.slice(1), {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = `it ended with ${signal ?? `exit code ${code}`}`;
  });
  child.unref();
  step.progress(`starting ${options.program}`);
  const patienceEnds = performance.now() + PATIENCE_MS;
  while (!(await answers(options.address))) {
    if (ended !== undefined || performance.now() > patienceEnds) {
      if (ended === undefined) child.kill('SIGTERM');
      throw failed(options, ended ?? `it did not answer within ${PATIENCE_MS / 1000} s`, before);
    }
    await sleep(POLL_MS);
  }
  return child.pid as number;
}

/** Whether an engine answers on `address` at once. */
export async function answers(address: string): Promise<boolean> {
  try {
    await (await dockerClient(address, 2000)).ping();
    return true;
  } catch {
    return false;
  }
}

/**
 * A dockerd that was killed, or a machine that went down, leaves pid files. dockerd and its containerd refuse to start
 * when *any* process has that pid by now, so files that name no dockerd and no containerd are removed. A containerd that is
 * about to end is waited for: dockerd would take it for one that runs, and wait for its answer in vain.
 */
async function removeStale({ pidFile, execRoot }: DockerdOptions): Promise<void> {
  if (livingPid(pidFile, 'dockerd') !== undefined) return;
  rmSync(pidFile, { force: true });
  const containerd = join(execRoot, 'containerd/containerd.pid');
  const patienceEnds = performance.now() + CONTAINERD_MS;
  while (livingPid(containerd, 'containerd') !== undefined) {
    if (performance.now() > patienceEnds) return;
    await sleep(CONTAINERD_POLL_MS);
  }
  rmSync(containerd, { force: true });
}

function failed(options: DockerdOptions, why: string, logOffset: number): EnvironmentError {
  const log = readFileSync(options.logFile).subarray(logOffset).toString('utf8');
  // The reason stands among dozens of lines about connections and modules.
  const telling = log.split('\n').filter((line) => !/level="?(info|warning|debug)/.test(line));
  return new EnvironmentError(`the Docker engine did not start: ${why}\n${lastLines(telling.join('\n'))}`, {
    where: options.logFile,
    remedy:
      'mend what its log names; it needs root, cgroups and iptables, which a plain container does not give',
  });
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { execa } from 'execa';
import { OWNER_LABEL } from '../../../stacks/owner-label.ts';
import { EnvironmentError } from '../../errors.ts';
import { answers, SYSTEM_DOCKERD, startDockerd } from '../../prepare/dockerd.ts';
import type { FaultContext, Surroundings } from '../drill.ts';
import type { EngineProcess } from '../noted-faults.ts';
import { once } from './break.ts';

/** It stops its containers first, and gives each the time its options say. */
const END_MS = 90_000;
const UNIT = 'docker.service';

/** The dockerd of this machine that listens on a Unix socket; undefined when there is none that may be looked at. */
export function engineProcess(socket: string): EngineProcess | undefined {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'dockerd' && listensOn(pid, socket))
        return describe(Number(pid));
    } catch {
      // Gone meanwhile, or not ours to look at.
    }
  }
  return undefined;
}

/** Whether one of a process's descriptors is the socket that was bound to a path. */
function listensOn(pid: string, path: string): boolean {
  // Num RefCount Protocol Flags Type St Inode Path
  const rows = readFileSync(`/proc/${pid}/net/unix`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const inodes = rows.filter((row) => samePath(row[7], path)).map((row) => `socket:[${row[6]}]`);
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).some((fd) => inodes.includes(readlinkSync(`${folder}/${fd}`)));
}

/** /var/run is a link to /run, and a socket is listed by the name it was bound to. */
const samePath = (one: string | undefined, other: string): boolean =>
  one?.replace(/^\/var\/run\//, '/run/') === other.replace(/^\/var\/run\//, '/run/');

function describe(pid: number): EngineProcess {
  const [, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  const output = readlinkSync(`/proc/${pid}/fd/1`);
  return {
    pid,
    program: readlinkSync(`/proc/${pid}/exe`),
    arguments: args,
    logFile: isFile(output) ? output : undefined,
  };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Value of a flag as dockerd takes it, `--flag=value` or `--flag value`. */
export function flagOf(args: readonly string[], flag: string): string | undefined {
  const at = args.findIndex((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`));
  if (at < 0) return undefined;
  return args[at].includes('=') ? args[at].slice(args[at].indexOf('=') + 1) : args[at + 1];
}

/** Why the stack's engine may not, or cannot, be restarted from here. */
export async function engineOutOfReach({ plan, engine }: Surroundings): Promise<string | undefined> {
  const socket = socketOf(engine);
  if (process.getuid?.() !== 0) return 'it needs root';
  if (socket === undefined || engineProcess(socket) === undefined)
    return 'no dockerd of this machine listens on the engine’s address, so there is none that could be started again';
  const strangers = (await engine.listContainers())
    .filter(({ Labels }) => Labels[OWNER_LABEL] !== plan.name)
    .map(({ Names }) => Names[0].replace(/^\//, ''));
  if (strangers.length === 0) return undefined;
  return `the engine also runs what is not of this stack, and would stop it: ${strangers.join(', ')}`;
}

function socketOf(engine: Docker): string | undefined {
  return (engine.modem as { socketPath?: string }).socketPath;
}

/** Ends the engine in good order, its containers with it, and starts it again as it was. Undone by starting it. */
export async function restartEngine(context: FaultContext): Promise<void> {
  const socket = socketOf(context.engine) ?? '';
  const found = engineProcess(socket);
  if (found === undefined) throw new EnvironmentError('the engine has gone', { where: socket });
  const startAgain = once(() => startEngine(context, found, socket));
  const remedy = { kind: 'engine', process: found, socket } as const;
  context.undoLater({ what: 'the engine is being restarted', remedy }, startAgain);
  context.timeline.note('drill', 'fault', `ending the engine (pid ${found.pid})`);
  // In one step, for with the engine's socket systemd may start it at the first question in between.
  if (await isUnit(found)) await execa('systemctl', ['restart', UNIT], { stdin: 'ignore' });
  else await endProcess(context, found.pid);
  await startAgain();
  context.timeline.note('drill', 'restored', 'the engine answers again');
}

/** Whether it is the one that systemd runs. */
async function isUnit({ pid }: EngineProcess): Promise<boolean> {
  const ask = ['show', UNIT, '--property=MainPID', '--value'];
  const { stdout } = await execa('systemctl', ask, { stdin: 'ignore', reject: false });
  return stdout?.trim() === `${pid}`;
}

async function endProcess(context: FaultContext, pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const begin = performance.now();
  while (isAlive(pid)) {
    const waited = performance.now() - begin;
    context.step.progress(`the engine is stopping its containers (${Math.round(waited / 1000)} s)`);
    if (waited > END_MS)
      throw new EnvironmentError(`the engine (pid ${pid}) did not end within ${END_MS / 1000} s`, {
        remedy: 'see its log for what holds it up; it is told to end and will, sooner or later',
      });
    await delay(50);
  }
}

/** A child of nobody who waits for it stays as a zombie, which is as good as gone. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Starts an engine as it was, unless one answers at its socket. */
export async function startEngine(
  { step }: Pick<FaultContext, 'step'>,
  found: EngineProcess,
  socket: string,
): Promise<void> {
  const address = `unix://${socket}`;
  if (await answers(address)) return;
  await startDockerd(
    {
      program: found.program,
      arguments: found.arguments,
      address,
      pidFile: flagOf(found.arguments, 'pidfile') ?? SYSTEM_DOCKERD.pidFile,
      execRoot: flagOf(found.arguments, 'exec-root') ?? SYSTEM_DOCKERD.execRoot,
      logFile: found.logFile ?? SYSTEM_DOCKERD.logFile,
    },
    step,
  );
}

import { type ChildProcess, spawn } from 'node:child_process';
import { waitUntil } from './wait-until.ts';

/** A process that a test started and will end. */
export interface Daemon {
  readonly pid: number;
  /** What it wrote on stdout and stderr so far. */
  output(): string;
  /** Exit code or signal once it has ended. */
  ended(): number | NodeJS.Signals | undefined;
  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it: SIGTERM, after `graceMs` SIGKILL; returns when it is gone. Safe to call twice. */
  stop(graceMs?: number): Promise<void>;
}

export interface DaemonOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What must come true before `spawnDaemon` returns; fails at once when the process ends first. */
  readonly ready?: (output: string) => boolean | Promise<boolean>;
  readonly readyWithinMs?: number;
}

/** Starts a real daemon in the foreground and waits until it is ready. Its output is part of the error when it is not. */
export async function spawnDaemon(
  program: string,
  args: readonly string[],
  options: DaemonOptions = {},
): Promise<Daemon> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const daemon = follow(child);
  const { ready } = options;
  if (ready === undefined) return daemon;
  try {
    await waitUntil(
      `${program} to be ready`,
      async () => daemon.ended() !== undefined || (await ready(daemon.output())),
      { withinMs: options.readyWithinMs ?? 10_000 },
    );
    if (daemon.ended() !== undefined) throw new Error(`${program} ended with ${daemon.ended()}`);
    return daemon;
  } catch (error) {
    await daemon.stop();
    throw new Error(`${(error as Error).message}\n${daemon.output()}`, { cause: error });
  }
}

function follow(child: ChildProcess): Daemon {
  let text = '';
  let end: number | NodeJS.Signals | undefined;
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const gone = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      text += `${error.message}\n`;
      end = -1;
      resolve();
    });
    child.once('exit', (code, signal) => {
      end = code ?? signal ?? -1;
      resolve();
    });
  });
  return {
    pid: child.pid ?? -1,
    output: () => text,
    ended: () => end,
    signal: (signal) => void child.kill(signal),
    async stop(graceMs = 5000) {
      if (end !== undefined) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await gone;
      clearTimeout(timer);
    },
  };
}

import type Docker from 'dockerode';
import { NotSoError } from '../../errors.ts';
import { execInContainer } from '../../observe/engine.ts';
import type { FaultContext } from '../drill.ts';

/** How often runc is asked to freeze a container. */
const FREEZE_TRIES = 3;

/** Kills a container: every process of it at once, no goodbye. Undone by starting it. */
export async function killContainer(context: FaultContext, name: string): Promise<void> {
  const container = context.engine.getContainer(name);
  // The engine takes a kill for a manual stop, so its restart policy does not bring the container back.
  startLater(context, name, 'was killed');
  context.timeline.note('drill', 'fault', `killing ${name}`);
  await container.kill({ signal: 'SIGKILL' });
}

/** Stops a container as its own signal handler wants it. Undone by starting it. */
export async function stopContainer(context: FaultContext, name: string): Promise<void> {
  startLater(context, name, 'was stopped');
  context.timeline.note('drill', 'fault', `stopping ${name}`);
  await context.engine.getContainer(name).stop();
}

/** Stops a container as its own signal handler wants it and starts it again, in one call. */
export async function restartContainer(context: FaultContext, name: string): Promise<void> {
  startLater(context, name, 'is being restarted');
  context.timeline.note('drill', 'fault', `restarting ${name}`);
  await context.engine.getContainer(name).restart();
}

/** Freezes all processes of a container; its kernel side still accepts connections. Undone by thawing it. */
export async function pauseContainer(context: FaultContext, name: string): Promise<() => Promise<void>> {
  const container = context.engine.getContainer(name);
  const thaw = once(async () => {
    await thawContainer(context.engine, name);
    context.timeline.note('drill', 'restored', `thawed ${name}`);
  });
  context.undoLater({ what: `${name} is frozen`, remedy: { kind: 'thaw', member: name } }, thaw);
  context.timeline.note('drill', 'fault', `freezing ${name}`);
  await freeze(container);
  return thaw;
}

/** The kernel freezes no group of processes in which one is just being made: then runc gives up, and is asked again. */
async function freeze(container: Docker.Container): Promise<void> {
  for (let left = FREEZE_TRIES; ; left--) {
    try {
      await container.pause();
      return;
    } catch (error) {
      if (left === 1 || !/unable to freeze/.test((error as Error).message)) throw error;
    }
  }
}

/**
 * Sends a signal to the processes of a container that run `program`, and to nothing else in it.
 *
 * @param undoWith signal that takes it back; without one the container is brought back up
 */
export async function signalProgram(
  context: FaultContext,
  member: string,
  program: string,
  signal: 'KILL' | 'STOP',
  undoWith?: 'CONT',
): Promise<void> {
  // A container whose program was killed ends and is restarted by its policy.
  if (undoWith === undefined) startLater(context, member, `lost its ${program}`);
  else {
    const fault = {
      what: `${program} in ${member} is stopped`,
      remedy: { kind: 'continue', member, program } as const,
    };
    context.undoLater(fault, async () => {
      await continueProgram(context.engine, member, program);
      await restore(context, member);
    });
  }
  context.timeline.note('drill', 'fault', `SIG${signal} for ${program} in ${member}`);
  await sendSignal(context.engine, member, program, signal).catch((error: Error) => {
    // Killing the program may end the container, and with it the command that did it.
    if (signal !== 'KILL') throw error;
  });
}

/** `kill` and `/proc` are all an image is sure to have. */
const SIGNAL_SCRIPT = `for dir in /proc/[0-9]*; do
  read -r name < "$dir/comm" && [[ $name == "$2" ]] && kill "-$1" "\${dir#/proc/}"
done 2>/dev/null; :`;

async function sendSignal(
  engine: Docker,
  member: string,
  program: string,
  signal: 'KILL' | 'STOP' | 'CONT',
): Promise<void> {
  await execInContainer(engine, member, ['bash', '-c', SIGNAL_SCRIPT, 'signal', signal, program], 5000);
}

/** Lets the processes of a container that run `program` go on, and starts it when it has ended. */
export async function continueProgram(engine: Docker, member: string, program: string): Promise<void> {
  await sendSignal(engine, member, program, 'CONT').catch(() => undefined);
  await ensureRunning(engine, member);
}

/** Lets a container go on that is frozen. */
export async function thawContainer(engine: Docker, name: string): Promise<void> {
  const container = engine.getContainer(name);
  if ((await container.inspect()).State.Paused) await container.unpause();
}

/** Registers that a container which is about to end is to be started again. */
function startLater(context: FaultContext, name: string, what: string): void {
  const fault = { what: `${name} ${what}`, remedy: { kind: 'start', member: name } } as const;
  context.undoLater(fault, () => restore(context, name));
}

/** Brings a container back, and notes it when that took anything. */
export async function restore({ engine, timeline }: FaultContext, name: string): Promise<void> {
  if (await ensureRunning(engine, name)) timeline.note('drill', 'restored', `started ${name}`);
}

/**
 * Starts a container that does not run; one that its restart policy has brought back already is left alone.
 *
 * @returns whether there was anything to do
 */
export async function ensureRunning(engine: Docker, name: string): Promise<boolean> {
  const container: Docker.Container = engine.getContainer(name);
  const { State } = await container.inspect();
  if (State.Running && !State.Restarting) return false;
  try {
    await container.start();
  } catch (error) {
    // 304: its restart policy was quicker.
    if ((error as { statusCode?: number }).statusCode !== 304) throw error;
  }
  return true;
}

/** Runs at the first call only; every call waits for its end. */
export function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

/** The value, or an error that says what the drill had nothing of. */
export function need<T>(value: T | undefined, what: string): T {
  if (value === undefined)
    throw new NotSoError(`there is no ${what}`, { remedy: '`twemstack status` shows why' });
  return value;
}

import type Docker from 'dockerode';
import { NotSoError } from '../../errors.ts';
import { execInContainer } from '../../observe/engine.ts';
import type { FaultContext } from '../drill.ts';

/** Kills a container: every process of it at once, no goodbye. Undone by starting it. */
export async function killContainer(context: FaultContext, name: string): Promise<void> {
  const container = context.engine.getContainer(name);
  // The engine takes a kill for a manual stop, so its restart policy does not bring the container back.
  context.undoLater(() => ensureRunning(context, name));
  context.timeline.note('drill', 'fault', `killing ${name}`);
  await container.kill({ signal: 'SIGKILL' });
}

/** Stops a container as its own signal handler wants it. Undone by starting it. */
export async function stopContainer(context: FaultContext, name: string): Promise<void> {
  context.undoLater(() => ensureRunning(context, name));
  context.timeline.note('drill', 'fault', `stopping ${name}`);
  await context.engine.getContainer(name).stop();
}

/** Stops a container as its own signal handler wants it and starts it again, in one call. */
export async function restartContainer(context: FaultContext, name: string): Promise<void> {
  context.undoLater(() => ensureRunning(context, name));
  context.timeline.note('drill', 'fault', `restarting ${name}`);
  await context.engine.getContainer(name).restart();
}

/** Freezes all processes of a container; its kernel side still accepts connections. Undone by thawing it. */
export async function pauseContainer(context: FaultContext, name: string): Promise<() => Promise<void>> {
  const container = context.engine.getContainer(name);
  const thaw = once(async () => {
    if ((await container.inspect()).State.Paused) await container.unpause();
    context.timeline.note('drill', 'restored', `thawed ${name}`);
  });
  context.undoLater(thaw);
  context.timeline.note('drill', 'fault', `freezing ${name}`);
  await container.pause();
  return thaw;
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
  const send = (name: string): Promise<string> =>
    execInContainer(context.engine, member, ['bash', '-c', SIGNAL_SCRIPT, 'signal', name, program], 5000);
  context.undoLater(async () => {
    // A container whose program was killed ends and is restarted by its policy.
    if (undoWith !== undefined) await send(undoWith).catch(() => undefined);
    await ensureRunning(context, member);
  });
  context.timeline.note('drill', 'fault', `SIG${signal} for ${program} in ${member}`);
  await send(signal).catch((error: Error) => {
    // Killing the program may end the container, and with it the command that did it.
    if (signal !== 'KILL') throw error;
  });
}

/** `kill` and `/proc` are all an image is sure to have. */
const SIGNAL_SCRIPT = `for dir in /proc/[0-9]*; do
  read -r name < "$dir/comm" && [[ $name == "$2" ]] && kill "-$1" "\${dir#/proc/}"
done 2>/dev/null; :`;

/** Starts a container that does not run; one that its restart policy has brought back already is left alone. */
export async function ensureRunning({ engine, timeline }: FaultContext, name: string): Promise<void> {
  const container: Docker.Container = engine.getContainer(name);
  const { State } = await container.inspect();
  if (State.Running && !State.Restarting) return;
  try {
    await container.start();
  } catch (error) {
    // 304: its restart policy was quicker.
    if ((error as { statusCode?: number }).statusCode !== 304) throw error;
  }
  timeline.note('drill', 'restored', `started ${name}`);
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

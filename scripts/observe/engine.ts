import { createInterface } from 'node:readline';
import { PassThrough, type Readable } from 'node:stream';
import Docker from 'dockerode';
import { extract } from 'tar-stream';
import { OWNER_LABEL } from '../../stacks/owner-label.ts';
import { EnvironmentError, engineRefusal } from '../errors.ts';
import { RoutedClient, withinReach } from '../stack/routed-client.ts';

/** What the engine says of one container of ours. */
export interface ContainerState {
  readonly name: string;
  readonly id: string;
  /** Of its first process, on the machine of the engine; 0 while it does not run. */
  readonly pid: number;
  /** edge, proxy, sentinel or redis, as its label says; undefined of what is no member. */
  readonly role: string | undefined;
  /** running, exited, paused, created, restarting … */
  readonly status: string;
  /** healthy, unhealthy, starting or none. */
  readonly health: string;
  readonly restarts: number;
  readonly exitCode: number;
  /** Whether its main process was last ended because its memory limit was reached. */
  readonly oomKilled: boolean;
  readonly imageName: string;
  /** Its static addresses, running or not. */
  readonly addresses: readonly string[];
  /** Names of the Docker networks that it is on. */
  readonly networks: readonly string[];
  /** When the engine made it, and when its main process last started. Milliseconds since 1970. */
  readonly createdAt: number;
  readonly startedAt: number;
}

/** The engine that DOCKER_HOST or the default socket names. */
export const connectEngine = (): Docker => new Docker();

/** All containers that carry this stack's label, by name; of several hosts, those of the hosts that answer. */
export async function listContainers(
  engine: Docker,
  stack: string,
): Promise<ReadonlyMap<string, ContainerState>> {
  const found = await listOwn(engine, stack);
  const states =
    engine instanceof RoutedClient
      ? await byHost(engine, found)
      : await Promise.all(found.map((container) => inspectContainer(engine, container.Id)));
  return new Map(states.flatMap((state) => (state === undefined ? [] : [[state.name, state] as const])));
}

/**
 * One after the other on each host: over ssh every request that is under way besides others costs a login of its own. A host that
 * falls silent meanwhile has none.
 */
async function byHost(
  engine: RoutedClient,
  found: readonly Docker.ContainerInfo[],
): Promise<Array<ContainerState | undefined>> {
  const states = await Promise.all(
    engine.parts.map(async ({ docker }) => {
      const containers = found.filter(({ Id }) => engine.engineOf(Id) === docker);
      try {
        return await withinReach((gaveUp) => inspectInTurn(docker, containers, gaveUp));
      } catch (error) {
        if (engineRefusal(error) !== undefined) throw error;
        return [];
      }
    }),
  );
  return states.flat();
}

/** What an engine has of a stack, as it is listed. */
export const listOwn = (
  engine: Docker,
  stack: string,
  abortSignal?: AbortSignal,
): Promise<Docker.ContainerInfo[]> =>
  engine.listContainers({ all: true, filters: { label: [`${OWNER_LABEL}=${stack}`] }, abortSignal });

/** One request at a time. */
export async function inspectInTurn(
  engine: Docker,
  containers: readonly Docker.ContainerInfo[],
  abortSignal?: AbortSignal,
): Promise<ContainerState[]> {
  const states: ContainerState[] = [];
  for (const { Id } of containers) {
    const state = await inspectContainer(engine, Id, abortSignal);
    if (state !== undefined) states.push(state);
  }
  return states;
}

/** One container; undefined when there is none of this id. */
export async function inspectContainer(
  engine: Docker,
  id: string,
  abortSignal?: AbortSignal,
): Promise<ContainerState | undefined> {
  try {
    const details = await engine.getContainer(id).inspect({ abortSignal });
    return {
      name: details.Name.replace(/^\//, ''),
      id: details.Id,
      pid: details.State.Pid,
      role: details.Config.Labels['twemstack.role'],
      status: details.State.Status,
      health: details.State.Health?.Status ?? 'none',
      restarts: details.RestartCount,
      exitCode: details.State.ExitCode,
      oomKilled: details.State.OOMKilled,
      imageName: details.Config.Image,
      addresses: Object.values(details.NetworkSettings.Networks).flatMap(
        ({ IPAMConfig }) => (IPAMConfig as { IPv4Address?: string } | null)?.IPv4Address ?? [],
      ),
      networks: Object.keys(details.NetworkSettings.Networks),
      createdAt: Date.parse(details.Created),
      startedAt: Date.parse(details.State.StartedAt),
    };
  } catch (error) {
    // Removed between the two calls.
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

const BUSY = {
  remedy: 'the machine is busy, or the member hangs: `twemstack doctor` tells; then the same command again',
};

/** As long as an engine may take to begin a command, or to say how it ended: a host may die in between. Milliseconds. */
const BEGIN_MS = 10_000;

export interface ExecOptions {
  /** Milliseconds that the engine may take before and after the command. */
  readonly beginMs?: number;
  /** Called with all of what it has printed on stdout, whenever that is more. */
  readonly onOutput?: (text: string) => void;
}

/**
 * Runs a command in a container and returns what it printed on stdout; rejects when it fails or takes too long.
 *
 * @param patienceMs for the command, once it has begun
 */
export async function execInContainer(
  engine: Docker,
  container: string,
  command: readonly string[],
  patienceMs = 1500,
  { beginMs = BEGIN_MS, onOutput }: ExecOptions = {},
): Promise<string> {
  const { exec, stream } = await withinReach(async (abortSignal) => {
    const options = { Cmd: [...command], AttachStdout: true, AttachStderr: true, abortSignal };
    const exec = await engine.getContainer(container).exec(options);
    return { exec, stream: await exec.start({ abortSignal }) };
  }, beginMs);
  const out = new PassThrough();
  const err = new PassThrough();
  engine.modem.demuxStream(stream, out, err);
  let text = '';
  let complaint = '';
  out.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    onOutput?.(text);
  });
  err.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      stream.destroy();
      reject(new EnvironmentError(`${command[0]} in ${container} did not end within ${patienceMs} ms`, BUSY));
    }, patienceMs);
    stream.on('end', () => {
      clearTimeout(timer);
      resolve();
    });
    stream.on('error', (error: Error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
  const { ExitCode } = await withinReach((abortSignal) => exec.inspect({ abortSignal }), beginMs);
  if (ExitCode !== 0)
    throw new Error(`${command.join(' ')} in ${container} ended with ${ExitCode}: ${complaint.trim()}`);
  return text;
}

/**
 * Signals a container's main process from inside. The engine's own `kill` would take any signal for a manual stop: the
 * restart policy would not bring the container back any more (Docker 20.10, daemon/kill.go).
 */
export async function signalContainer(
  engine: Docker,
  container: string,
  signal: 'HUP' | 'USR1' | 'USR2',
): Promise<void> {
  // Process 1 is tini, which passes it on.
  await execInContainer(engine, container, ['bash', '-c', 'kill -s "$1" 1', 'signal', signal]);
}

/** Text of a file in a container, whether that runs or not; undefined when one of the two is not there. */
export async function readFileIn(
  engine: Docker,
  container: string,
  path: string,
): Promise<string | undefined> {
  let archive: NodeJS.ReadableStream;
  try {
    archive = await engine.getContainer(container).getArchive({ path });
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
  let text = '';
  const unpacked = extract();
  archive.pipe(unpacked);
  for await (const entry of unpacked) for await (const chunk of entry) text += String(chunk);
  return text;
}

/** The last lines a container wrote, oldest first. */
export async function lastLogLines(engine: Docker, container: string, lines = 10): Promise<string[]> {
  const raw = await engine
    .getContainer(container)
    .logs({ stdout: true, stderr: true, tail: lines, follow: false });
  const text: string[] = [];
  // The engine frames each piece: 1 byte stream, 3 zero, 4 length (Docker API, "attach").
  for (let at = 0; at + 8 <= raw.length; ) {
    const length = raw.readUInt32BE(at + 4);
    text.push(raw.subarray(at + 8, at + 8 + length).toString('utf8'));
    at += 8 + length;
  }
  return text.join('').trimEnd().split('\n').slice(-lines);
}

/**
 * Does something and waits for the line that the container writes about it.
 *
 * @throws Error when no line matches in time
 */
export async function awaitLogLine(
  engine: Docker,
  container: string,
  match: RegExp,
  patienceMs: number,
  act: () => Promise<unknown>,
): Promise<string> {
  const log = await engine
    .getContainer(container)
    .logs({ stdout: true, stderr: true, tail: 0, follow: true });
  const stream = log as unknown as Readable;
  const text = new PassThrough();
  engine.modem.demuxStream(stream, text, text);
  const timer = setTimeout(() => text.end(), patienceMs);
  try {
    await act();
    for await (const line of createInterface({ input: text })) if (match.test(line)) return line;
    throw new Error(`${container} said nothing about it within ${patienceMs / 1000} s`);
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
}

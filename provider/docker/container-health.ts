/** After the start: does the container stay up, and does it become healthy? */
import type { ContainerInspectInfo } from 'dockerode';
import { ProviderError } from '../protocol/diagnostics.ts';
import type { Operation } from '../protocol/resource-type.ts';
import type { ObjectValue } from '../protocol/values.ts';
import type { Engine } from './engine.ts';
import { poll } from './wait.ts';

/** A container that is going to fail at once does so within this time; longer is the business of its healthcheck. */
const SETTLE_MS = 300;
const LAST_LINES = 10;

/**
 * Waits as the container's options ask: `wait` until healthy, else `must_run` just long enough to see it fall over.
 * @throws ProviderError with the exit code or the last check, and the last lines of the log.
 */
export async function awaitUsable(
  operation: Operation<Engine>,
  id: string,
  planned: ObjectValue,
): Promise<void> {
  if (planned.wait === true) {
    await awaitHealthy(operation, id, planned);
  } else if (planned.must_run === true) {
    await poll(
      async () => {
        const found = await inspectContainer(operation.engine, id);
        if (hasEnded(found)) {
          throw await endedError(operation.engine, found, planned, 'at once');
        }
        return undefined;
      },
      {
        everyMs: SETTLE_MS / 3,
        forMs: SETTLE_MS,
        signal: operation.signal,
        doing: `starting ${planned.name}`,
      },
    );
  }
}

async function awaitHealthy(operation: Operation<Engine>, id: string, planned: ObjectValue): Promise<void> {
  const { engine, signal } = operation;
  const seconds = Number(planned.wait_timeout);
  let last: ContainerInspectInfo | undefined;
  const healthy = await poll(
    async () => {
      last = await inspectContainer(engine, id);
      if (hasEnded(last)) {
        throw await endedError(engine, last, planned, 'before it was healthy');
      }
      const health = last.State.Health;
      if (!health || health.Status === 'none') {
        throw new ProviderError(`"wait" is set, but container ${planned.name} does not have a healthcheck`, {
          detail: 'Add a healthcheck block, use an image that has one, or remove "wait".',
          path: ['wait'],
        });
      }
      return health.Status === 'healthy' ? true : undefined;
    },
    {
      everyMs: 200,
      forMs: seconds * 1000,
      signal,
      doing: `waiting for container ${planned.name} to be healthy`,
    },
  );
  if (!healthy) {
    throw new ProviderError(
      `container ${planned.name} failed to be in healthy state within ${seconds} s (wait_timeout)`,
      {
        detail: `${lastCheck(last)}${await lastLines(engine, id, planned)}The container is left running for a look at it (docker logs ${planned.name}); the next apply replaces it.`,
      },
    );
  }
}

function lastCheck(found: ContainerInspectInfo | undefined): string {
  const restarts = found?.RestartCount ?? 0;
  if (restarts > 0) {
    return `It was restarted ${restarts} times, the last time after exit code ${found?.State.ExitCode}.\n`;
  }
  const last = found?.State.Health?.Log?.at(-1);
  if (!last) {
    return 'No health check has finished yet; compare wait_timeout with the check’s start_period and interval.\n';
  }
  const output = last.Output.trim() || 'no output';
  return `The last health check exited with ${last.ExitCode}: ${output}\n`;
}

function hasEnded({ State }: ContainerInspectInfo): boolean {
  return !State.Running && !State.Restarting;
}

/** The container as the engine has it now. */
export async function inspectContainer(engine: Engine, id: string): Promise<ContainerInspectInfo> {
  return engine.call('Unable to inspect container', (docker) => docker.getContainer(id).inspect());
}

async function endedError(
  engine: Engine,
  { Id, State }: ContainerInspectInfo,
  planned: ObjectValue,
  when: string,
): Promise<ProviderError> {
  const why = State.OOMKilled ? ', killed for lack of memory' : '';
  return new ProviderError(`container ${planned.name} exited ${when} with code ${State.ExitCode}${why}`, {
    detail: `${State.Error ? `${State.Error}\n` : ''}${await lastLines(engine, Id, planned)}A container that is meant to end needs must_run = false.`,
  });
}

/** The end of the container's log as a paragraph, or nothing when it wrote none. */
async function lastLines(engine: Engine, id: string, planned: ObjectValue): Promise<string> {
  try {
    const raw = await engine.call('Unable to read the log', (docker) =>
      docker.getContainer(id).logs({ stdout: true, stderr: true, tail: LAST_LINES, follow: false }),
    );
    const text = (planned.tty === true ? raw.toString('utf8') : demultiplex(raw)).trimEnd();
    return text === '' ? 'It wrote nothing.\n' : `Its last lines:\n${indent(text)}\n`;
  } catch {
    // A log driver that cannot be read must not hide the error this is for.
    return '';
  }
}

const indent = (text: string): string => text.replaceAll(/^/gm, '  ');

/** Without a terminal each piece of output has a header of 8 bytes: the stream, three zeros, the length. */
export function demultiplex(raw: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= raw.length; ) {
    const end = at + 8 + raw.readUInt32BE(at + 4);
    pieces.push(raw.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(pieces).toString('utf8');
}

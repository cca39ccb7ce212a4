import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { INSTANCE_LABEL, OWNER_LABEL } from '../../../stacks/owner-label.ts';
import { UNPRIVILEGED } from '../../../topology/container-options.ts';
import { redisImage } from '../../data/contents.ts';
import { EnvironmentError } from '../../errors.ts';
import { lastLogLines } from '../../observe/engine.ts';
import type { Engines } from '../../stack/engines.ts';
import { withinReach } from '../../stack/routed-client.ts';
import { TRIAL_SETTINGS, type TrialRedis } from './trial-redis.ts';

const RUN = `cd /tmp && cat >dump.rdb && exec redis-server ${TRIAL_SETTINGS}`;
/** How long the engine may take to tell that a server has ended. */
const REASON_MS = 5000;
/** Says `ready` when everything is loaded; ends with the server. */
const AWAIT = `cd /tmp; until redis-cli -s redis.sock INFO persistence 2>/dev/null | grep -q '^loading:0'; do sleep 0.1; done; echo ready`;

/**
 * Of several hosts the first that answers and has the image.
 *
 * @throws EnvironmentError telling of each host why it will not do
 */
export async function trialEngine({ list }: Engines): Promise<Docker> {
  const reasons: string[] = [];
  for (const { docker, domain } of list) {
    try {
      await withinReach((abortSignal) => redisImage(docker, abortSignal));
      return docker;
    } catch (error) {
      reasons.push(`host ${domain}: ${(error as Error).message}`);
    }
  }
  throw new EnvironmentError('no host has a place to try the backup in', {
    where: reasons.join('; '),
    remedy:
      '`twemstack hosts` tells why one does not answer; `twemstack up` brings the images to those that do',
  });
}

/** A redis in a container without a network, of the image of the stack's own members. */
export async function trialInContainer(
  engine: Docker,
  stack: string,
  instance: string | undefined,
): Promise<TrialRedis> {
  const container = await engine.createContainer({
    Image: await redisImage(engine),
    User: UNPRIVILEGED,
    Entrypoint: ['bash', '-c', RUN],
    Cmd: [],
    OpenStdin: true,
    StdinOnce: true,
    // Should this process die, the next `up` finds it by its label.
    Labels: { [OWNER_LABEL]: stack, ...(instance === undefined ? {} : { [INSTANCE_LABEL]: instance }) },
    HostConfig: { NetworkMode: 'none', CapDrop: ['ALL'] },
  });
  return {
    async load(rdb) {
      const stdin = await container.attach({ stream: true, stdin: true, hijack: true });
      await container.start();
      await pipeline(rdb, stdin);
      const ended = container.wait().then(async () => {
        throw new Error((await lastLogLines(engine, container.id)).join(' / '));
      });
      ended.catch(() => undefined);
      // Ends without a word when the server does, which then says why.
      const said = run(engine, container.id, ['bash', '-c', AWAIT]).catch(() => '');
      if ((await said).includes('ready')) return;
      const silent = delay(REASON_MS, undefined, { ref: false }).then(() => {
        throw new Error('it does not answer');
      });
      await Promise.race([ended, silent]);
    },
    async ask(commands) {
      const text = await run(
        engine,
        container.id,
        ['redis-cli', '-s', '/tmp/redis.sock'],
        commands.join('\n'),
      );
      return text.trimEnd().split('\n');
    },
    end: () => container.remove({ force: true }),
  };
}

/** Runs a command there, with a text on its stdin. @returns what it wrote on stdout */
async function run(
  engine: Docker,
  container: string,
  command: readonly string[],
  input = '',
): Promise<string> {
  const exec = await engine
    .getContainer(container)
    .exec({ Cmd: [...command], AttachStdin: true, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  const [out, err] = [new PassThrough(), new PassThrough()];
  engine.modem.demuxStream(stream, out, err);
  err.resume();
  let text = '';
  out.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  stream.end(input);
  await once(stream, 'end');
  return text;
}

import type Docker from 'dockerode';
import { EnvironmentError } from './errors.ts';

/** The socket of an engine on this machine. */
export const LOCAL_SOCKET = '/var/run/docker.sock';

/** Address of the engine in the form of DOCKER_HOST: the variable itself, or the socket of this machine. */
export function engineAddress(env: NodeJS.ProcessEnv = process.env): string {
  return env.DOCKER_HOST || `unix://${LOCAL_SOCKET}`;
}

/**
 * A client of the engine at `address`. Anything but unix:// must be what DOCKER_HOST holds: host, port and TLS are then
 * read from the environment as the docker command does (DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH).
 * Loaded on demand: dockerode takes a tenth of a second that `--help` need not pay.
 */
export async function dockerClient(address: string = engineAddress(), timeoutMs = 0): Promise<Docker> {
  const { default: Client } = await import('dockerode');
  if (address.startsWith('unix://')) {
    return new Client({ socketPath: address.slice('unix://'.length), timeout: timeoutMs });
  }
  if (!/^(tcp|ssh|https?):\/\//.test(address)) {
    throw new EnvironmentError(
      `the engine's address "${address}" is not of the form unix://, tcp:// or ssh://`,
      {
        where: 'DOCKER_HOST',
        remedy: 'correct DOCKER_HOST, or unset it to use the engine of this machine',
      },
    );
  }
  // docker-modem reads host, port and TLS from DOCKER_HOST and its companions, while it is constructed and only there.
  const before = process.env.DOCKER_HOST;
  process.env.DOCKER_HOST = address;
  try {
    return new Client({ timeout: timeoutMs });
  } finally {
    if (before === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = before;
  }
}

const ANSWER_MS = 2000;

/** A client of the engine at the address of `engineAddress`, when one answers there. */
export async function answeringEngine(): Promise<Docker | undefined> {
  try {
    const engine = await dockerClient(engineAddress(), ANSWER_MS);
    await engine.ping();
    return engine;
  } catch {
    return undefined;
  }
}

/** A busy engine may take a moment. */
const PATIENCE_MS = 5000;

/** A client of the engine, which answers. @throws EnvironmentError when none does, with the reason */
export async function demandEngine(): Promise<Docker> {
  const address = engineAddress();
  try {
    await (await dockerClient(address, PATIENCE_MS)).ping();
  } catch (cause) {
    if (cause instanceof EnvironmentError) throw cause;
    throw new EnvironmentError(`no Docker engine answers: ${(cause as Error).message}`, {
      where: address,
      remedy: '`twemstack doctor` tells why; `twemstack up` starts one where it can',
      cause,
    });
  }
  return dockerClient(address);
}

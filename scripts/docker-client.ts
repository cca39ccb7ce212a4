import type Docker from 'dockerode';
import { connect, readTls } from '../provider/docker/connect.ts';
import { SshError } from '../provider/docker/ssh-pipe.ts';
import type { TlsMaterial } from '../provider/docker/tls-material.ts';
import { EnvironmentError } from './errors.ts';

/** The socket of an engine on this machine. */
export const LOCAL_SOCKET = '/var/run/docker.sock';

/** Address of the engine in the form of DOCKER_HOST: the variable itself, or the socket of this machine. */
export function engineAddress(env: NodeJS.ProcessEnv = process.env): string {
  return env.DOCKER_HOST || `unix://${LOCAL_SOCKET}`;
}

/** Seconds that ssh may take to connect. */
const SSH_CONNECT_SECONDS = 3;

/**
 * A client of the engine at `address`. ssh:// goes through OpenSSH, with the person's own configuration and known hosts; TLS as
 * the docker command reads it from the environment (DOCKER_TLS_VERIFY, DOCKER_CERT_PATH).
 * Loaded on demand: dockerode takes a tenth of a second that `--help` need not pay.
 */
export async function dockerClient(address: string = engineAddress(), timeoutMs = 0): Promise<Docker> {
  if (!/^(unix|tcp|ssh|https?):\/\//.test(address)) {
    throw new EnvironmentError(
      `the engine's address "${address}" is not of the form unix://, tcp:// or ssh://`,
      {
        where: 'DOCKER_HOST',
        remedy: 'correct DOCKER_HOST, or unset it to use the engine of this machine',
      },
    );
  }
  const options = { timeoutMs, tls: tlsOf(address), connectSeconds: SSH_CONNECT_SECONDS };
  return connect(address, options).catch((error: unknown) => {
    if (!(error instanceof SshError)) throw error;
    throw new EnvironmentError(error.message, { where: address, remedy: 'write it as ssh://user@host' });
  });
}

/** @throws EnvironmentError when a folder of certificates is named and cannot be read */
function tlsOf(address: string, env: NodeJS.ProcessEnv = process.env): TlsMaterial | undefined {
  const folder = env.DOCKER_CERT_PATH;
  const wanted = env.DOCKER_TLS_VERIFY === '1' || address.endsWith(':2376') || address.startsWith('https:');
  if (!wanted || !folder || /^(unix|ssh):/.test(address)) return undefined;
  try {
    return readTls(folder);
  } catch (error) {
    throw new EnvironmentError(`the certificates cannot be read: ${(error as Error).message}`, {
      where: `DOCKER_CERT_PATH=${folder}`,
      remedy: 'it names a folder that holds ca.pem, cert.pem and key.pem',
      cause: error,
    });
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

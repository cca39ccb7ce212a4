/**
 * The Docker engine: where it is, whether it answers, and its errors in words an operator can use.
 * dockerode is loaded at the first use only; validating a configuration needs none of it.
 */
import type Docker from 'dockerode';
import { ProviderError } from '../protocol/diagnostics.ts';
import { type ConnectOptions, connect } from './connect.ts';
import { SshError } from './ssh-pipe.ts';

export const DEFAULT_HOST = 'unix:///var/run/docker.sock';

/** An answer of the engine that says no. */
export class EngineError extends ProviderError {
  /** HTTP status; 404 = no such object, 409 = conflict. */
  readonly status: number;
  /** The engine's own words. */
  readonly reason: string;

  constructor(summary: string, status: number, reason: string, cause?: unknown) {
    super(`${summary}: ${reason}`, { cause });
    this.name = 'EngineError';
    this.status = status;
    this.reason = reason;
  }
}

export class Engine {
  readonly host: string;
  readonly #options: ConnectOptions;
  #docker: Promise<Docker> | undefined;

  /** @param host unix:///path, tcp://host:port or ssh://user@host */
  constructor(host: string, options: ConnectOptions = {}) {
    this.host = host;
    this.#options = options;
  }

  /** An engine that somebody has a client of already. @param host for error texts */
  static of(host: string, docker: Docker): Engine {
    const engine = new Engine(host);
    engine.#docker = Promise.resolve(docker);
    return engine;
  }

  /**
   * Runs one request. `doing` begins the error's sentence ("Unable to create network alpha").
   * @throws EngineError when the engine refuses, ProviderError when it does not answer.
   */
  async call<Result>(doing: string, run: (docker: Docker) => Promise<Result>): Promise<Result> {
    this.#docker ??= connect(this.host, this.#options);
    try {
      return await run(await this.#docker);
    } catch (error) {
      throw this.#explain(doing, error);
    }
  }

  /** Like call, but an object the engine does not know is undefined instead of an error. */
  async find<Result>(doing: string, run: (docker: Docker) => Promise<Result>): Promise<Result | undefined> {
    try {
      return await this.call(doing, run);
    } catch (error) {
      if (isNotFound(error)) {
        return undefined;
      }
      throw error;
    }
  }

  /** Asks for a sign of life. @throws ProviderError with what to do when there is none. */
  async ping(): Promise<void> {
    await this.call('Unable to reach the Docker engine', (docker) => docker.ping());
  }

  #explain(doing: string, error: unknown): Error {
    if (error instanceof ProviderError) {
      return error;
    }
    if (error instanceof SshError) {
      return new ProviderError(`Docker engine not reachable at ${this.host}`, {
        detail: `${doing}: ${error.message}. Try the same by hand: ssh … docker version.`,
        cause: error,
      });
    }
    const { statusCode, code } = error as { statusCode?: number; code?: string };
    if (statusCode !== undefined) {
      return new EngineError(doing, statusCode, engineWords(error as Error), error);
    }
    if (code !== undefined && isTlsError(code)) {
      return new ProviderError(`Docker engine not trusted, or not trusting, at ${this.host}`, {
        detail: `${doing}: ${(error as Error).message} (${code}). Check the files in the provider's "cert_path", and that the engine's certificate is for this address.`,
        cause: error,
      });
    }
    if (code !== undefined && code in CONNECTION_ADVICE) {
      return new ProviderError(`Docker engine not reachable at ${this.host}`, {
        detail: `${doing}: ${CONNECTION_ADVICE[code]} (${code}). The address comes from the provider's "host", else from DOCKER_HOST, else it is ${DEFAULT_HOST}.`,
        cause: error,
      });
    }
    return error instanceof Error ? error : new Error(String(error));
  }
}

const CONNECTION_ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket. Start the engine (systemctl start docker) or correct the address',
  ECONNREFUSED: 'nothing listens there. Start the engine (systemctl start docker) or correct the address',
  EACCES: 'permission denied. Run as root or as a member of the group "docker"',
  ENOTFOUND: 'the host name is not known. Correct the address',
  EHOSTUNREACH: 'there is no route to the host. Check the address and the network',
  ENETUNREACH: 'there is no route to the network. Check the address and the network',
  ETIMEDOUT: 'no answer. Check the address, the network and any firewall',
  ECONNRESET: 'the connection was cut. Check that the engine is running and that the address is its API',
  EPIPE: 'the connection was cut. Check that the engine is running',
};

/** What node:tls says of certificates: its own checks, OpenSSL's, and alerts of the other side. */
const isTlsError = (code: string): boolean =>
  /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_OSSL_)/.test(code);

export function isNotFound(error: unknown): boolean {
  return error instanceof EngineError && error.status === 404;
}

/** dockerode's message is "(HTTP code 409) reason - words"; only the words say something. */
function engineWords(error: Error): string {
  return error.message.replace(/^\(HTTP code \d+\) .*? - /s, '').trim();
}

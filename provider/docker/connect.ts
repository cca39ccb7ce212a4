/** A client of the engine at an address, over whatever that asks for. dockerode is loaded at the first use only. */
import { readFileSync } from 'node:fs';
import type { Agent } from 'node:http';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { SshAgent, sshCommand } from './ssh-pipe.ts';
import type { TlsMaterial } from './tls-material.ts';
import { watchedAgent } from './watched-agent.ts';

export interface ConnectOptions {
  /** For tcp://: without it the connection is in clear. */
  readonly tls?: TlsMaterial;
  /** For ssh://: further arguments of ssh. */
  readonly sshOptions?: readonly string[];
  /** For ssh://: seconds that a connection may take to be made. */
  readonly connectSeconds?: number;
  /** For ssh://: how many requests at once may last, as a log that is followed does. @default 0 */
  readonly streams?: number;
  /** Milliseconds a request may take; 0 = as long as it needs. */
  readonly timeoutMs?: number;
  /** For tcp://: how often a silent engine is asked for a sign of life, and how long that may take. @default 5000 */
  readonly askMs?: number;
}

const CONNECT_SECONDS = 10;
const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/** The files of docker's own client in a folder. @throws as reading them does */
export function readTls(folder: string): TlsMaterial {
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}

/** @param address unix:///path, tcp://host:port, http(s)://host:port or ssh://user@host:port */
export async function connect(address: string, options: ConnectOptions = {}): Promise<Docker> {
  const { default: Client } = await import('dockerode');
  const settings = settingsFor(address, options);
  // While it is constructed, and only there, dockerode mixes in what DOCKER_HOST says.
  const before = process.env.DOCKER_HOST;
  delete process.env.DOCKER_HOST;
  try {
    return new Client(settings);
  } finally {
    if (before !== undefined) process.env.DOCKER_HOST = before;
  }
}

type Settings = Docker.DockerOptions & { readonly agent?: Agent };

function settingsFor(address: string, options: ConnectOptions): Settings {
  const { connectSeconds = CONNECT_SECONDS, sshOptions = [], timeoutMs: timeout = 0, tls, askMs } = options;
  if (address.startsWith('unix://')) return { socketPath: address.slice('unix://'.length), timeout };
  if (address.startsWith('ssh://')) {
    const agent = new SshAgent(sshCommand(address, sshOptions, connectSeconds), options.streams);
    // The name is never looked up: connections are the agent's.
    return { protocol: 'http', host: 'docker.invalid', port: 80, agent, timeout };
  }
  const { hostname: host, port: given, protocol } = new URL(address);
  const secure = tls !== undefined || protocol === 'https:';
  const port = Number(given || (secure ? TLS_PORT : PLAIN_PORT));
  // Where a request may take its time, somebody has to notice that nobody is there any more.
  const agent = timeout === 0 ? watchedAgent({ host, port, tls, secure, askMs }) : undefined;
  return { protocol: secure ? 'https' : 'http', host, port, agent, timeout, ...tls };
}

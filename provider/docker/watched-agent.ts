/**
 * An engine behind tcp://, whose host may lose its power without a word. A request that is under way is then answered by
 * nobody, and the kernel gives it up after a quarter of an hour; ssh asks its host (`ServerAliveInterval`), and so does this.
 */
import { type ClientRequest, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ALIVE_QUESTIONS, ALIVE_SECONDS } from './ssh-pipe.ts';
import type { TlsMaterial } from './tls-material.ts';

/** As ssh has it; an answer may take as long. */
const ASK_MS = ALIVE_SECONDS * 1000;
const KEEPS = { keepAlive: true };

/** Where the engine is, who it has to be, and the rhythm. */
export interface Watched {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly tls: TlsMaterial | undefined;
  /** Default 5000: between two questions, and for each answer. */
  readonly askMs: number | undefined;
}

/**
 * An agent whose connections end with ETIMEDOUT once the engine gives no sign of life any more: a request waits, nothing comes,
 * and three times in a row nobody answers `/_ping`, whatever the answer. What is kept for the next request is left alone.
 */
export function watchedAgent(watched: Watched): HttpAgent {
  const agent = watched.secure ? new HttpsAgent(KEEPS) : new HttpAgent(KEEPS);
  const looks = new WeakMap<Duplex, NodeJS.Timeout>();
  const begin = (socket: Duplex): void => {
    looks.set(socket, watch(watched, socket as Socket));
  };
  const end = (socket: Duplex): void => clearInterval(looks.get(socket));
  const { createConnection, keepSocketAlive, reuseSocket } = agent;
  return Object.assign(agent, {
    createConnection(...words: Parameters<HttpAgent['createConnection']>) {
      const socket = createConnection.apply(agent, words);
      socket?.once('close', () => end(socket));
      if (socket) begin(socket);
      return socket;
    },
    keepSocketAlive(socket: Duplex) {
      end(socket);
      return keepSocketAlive.call(agent, socket);
    },
    reuseSocket(socket: Duplex, request: ClientRequest) {
      begin(socket);
      reuseSocket.call(agent, socket, request);
    },
  });
}

/** While it is in use. @returns the timer, which keeps no program alive */
function watch(watched: Watched, socket: Socket): NodeJS.Timeout {
  let received = socket.bytesRead;
  let unanswered = 0;
  let asking = false;
  const look = async (): Promise<void> => {
    const isSilent = socket.bytesRead === received;
    received = socket.bytesRead;
    if (!isSilent) unanswered = 0;
    if (!isSilent || asking) return;
    asking = true;
    unanswered = (await answers(watched)) ? 0 : unanswered + 1;
    asking = false;
    if (unanswered === ALIVE_QUESTIONS) socket.destroy(silent(watched));
  };
  return setInterval(() => void look(), watched.askMs ?? ASK_MS).unref();
}

/** Whether there is any answer, also one that says no. */
function answers({ host, port, secure, tls, askMs = ASK_MS }: Watched): Promise<boolean> {
  return new Promise((resolve) => {
    const to = { host, port, path: '/_ping', agent: false as const, timeout: askMs, ...tls };
    const question = secure ? httpsRequest(to) : httpRequest(to);
    question.on('response', (response) => {
      response.resume();
      resolve(true);
    });
    question.on('timeout', () => question.destroy());
    question.on('error', () => resolve(false));
    // One that answers the first word alone holds nobody up.
    question.on('close', () => resolve(false));
    question.end();
  });
}

const silent = ({ host, port }: Watched): Error =>
  Object.assign(new Error(`${host}:${port} gives no sign of life`), { code: 'ETIMEDOUT' });

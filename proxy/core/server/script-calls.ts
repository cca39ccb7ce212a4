import { commandId } from '../../protocol/command-table.ts';
import { FRAME_DONE, RequestFrame } from '../../protocol/request-frame.ts';
import type { Receiver } from '../base/receiver.ts';
import type { ConnectedServer } from './connected-server.ts';
import type { Detached, RequestQueue } from './request-queue.ts';
import { type Script, shaIn } from './script-cache.ts';

const EVALSHA = commandId('evalsha');
const EVALSHA_RO = commandId('evalsha_ro');
const EVAL = commandId('eval');
const EVAL_RO = commandId('eval_ro');
/** Redis' own words, all of them: a script may answer with errors of its own. */
const NOSCRIPT = Buffer.from('-NOSCRIPT No matching script. Please use EVAL.\r\n');
/** Scripts of one connection that are remembered; above, each is sent once more. */
const MOST_KNOWN = 1024;

/** What it needs of its connection. */
interface CallingConnection {
  readonly queue: RequestQueue;
  readonly server: ConnectedServer;
  readonly isReady: boolean;
  readonly sockets: number;
  send(who: Receiver, tag: number, command: number, bytes: Uint8Array, from: number, to: number): void;
}

/** EVAL, EVALSHA and their like for reading. */
export function isScriptCall(command: number): boolean {
  return command === EVAL || command === EVAL_RO || isCallBySha(command);
}

/** True for the two that name a script by its SHA. */
export function isCallBySha(command: number): boolean {
  return command === EVALSHA || command === EVALSHA_RO;
}

/**
 * A call by SHA as EVAL or EVAL_RO of the script itself: the same to its client, and good wherever it arrives.
 * @param rest the request behind the SHA, from the number of keys on
 */
export function asEval(command: number, script: Script, argc: number, rest: Uint8Array): Buffer {
  const name = command === EVALSHA ? '$4\r\nEVAL' : '$7\r\nEVAL_RO';
  const head = Buffer.from(`*${argc}\r\n${name}\r\n$${script.body.length}\r\n`);
  return Buffer.concat([head, script.body, Buffer.from('\r\n'), rest]);
}

/** The name under which `asEval` sends a call. */
export function evalOf(command: number): number {
  return command === EVALSHA ? EVAL : EVAL_RO;
}

/**
 * Calls of scripts over one server connection. The first call of a script on a socket carries the script, those
 * behind it its SHA alone: requests arrive in their order. What is wrong about that (somebody else has told the server
 * to forget its scripts) shows in NOSCRIPT, and nothing was carried out then.
 */
export class ScriptCalls {
  /** What the server has, or will have when a request that is queued now gets there. */
  private readonly known = new Set<string>();
  private socket = 0;
  private generation = 0;

  constructor(private readonly connection: CallingConnection) {}

  /** Sends the call of a script that is in the pool's cache, `bytes[from, to)`, which `frame` has parsed. */
  send(
    who: Receiver,
    tag: number,
    command: number,
    script: Script,
    frame: RequestFrame,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void {
    const { connection } = this;
    if (this.has(script.sha)) connection.send(who, tag, command, bytes, from, to);
    else {
      const whole = asEval(command, script, frame.argc, restOf(frame, bytes, to));
      connection.send(who, tag, evalOf(command), whole, 0, whole.length);
    }
  }

  /** A request that brings this script is queued now. */
  brings(sha: string): void {
    this.has(sha);
  }

  /** False the first time, for the socket that there is, or the next one when there is none. */
  private has(sha: string): boolean {
    const { isReady, server, sockets } = this.connection;
    const socket = isReady ? sockets : sockets + 1;
    const { generation } = server.scripts;
    const isOther = socket !== this.socket || generation !== this.generation;
    if (isOther || this.known.size >= MOST_KNOWN) this.forget();
    this.socket = socket;
    this.generation = generation;
    if (this.known.has(sha)) return true;
    this.known.add(sha);
    return false;
  }

  /** The server has none of them any more, for all that is known. */
  forget(): void {
    this.known.clear();
  }

  /** A request as it is sent when it was queued for another socket, or another server. */
  renewed(request: Detached): Detached {
    if (!isScriptCall(request.command)) return request;
    const whole = Buffer.concat(request.parts);
    const frame = new RequestFrame();
    frame.begin(0);
    if (frame.parse(whole, whole.length) !== FRAME_DONE || frame.argc < 3) return request;
    const { scripts } = this.connection.server;
    const [shaFrom, shaTo] = [frame.args[2], frame.args[3]];
    if (!isCallBySha(request.command)) {
      if (scripts.isOn) this.brings(scripts.add(whole, shaFrom, shaTo));
      return request;
    }
    const sha = shaIn(whole, shaFrom, shaTo);
    const script = sha === null ? undefined : scripts.find(sha);
    if (script === undefined || this.has(script.sha)) return request;
    const parts = [asEval(request.command, script, frame.argc, restOf(frame, whole, whole.length))];
    return { ...request, command: evalOf(request.command), parts };
  }

  /**
   * The reply to the oldest request is `buffer[from, to)`, an error. When it is NOSCRIPT for a script that is in the
   * cache, the call is queued again with it.
   * @returns false when the error is its client's: with more of its requests on the way, the call would come after them
   */
  mends(buffer: Uint8Array, from: number, to: number): boolean {
    const { queue } = this.connection;
    const { head, mask } = queue;
    if (!isCallBySha(queue.commands[head & mask]) || !isNoScript(buffer, from, to)) return false;
    this.forget();
    const { owner } = queue.who[head & mask];
    for (let i = head + 1; i < queue.tail; i++) if (queue.who[i & mask].owner === owner) return false;
    const request = queue.detach(head);
    const again = this.renewed(request);
    if (again === request) return false;
    queue.pop(true);
    queue.pushDetached(again);
    return true;
  }
}

function restOf(frame: RequestFrame, bytes: Uint8Array, to: number): Uint8Array {
  return bytes.subarray(frame.args[3] + 2, to);
}

function isNoScript(buffer: Uint8Array, from: number, to: number): boolean {
  return to - from === NOSCRIPT.length && NOSCRIPT.compare(buffer, from, to) === 0;
}

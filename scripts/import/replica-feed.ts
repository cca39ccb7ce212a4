import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, LineReader, MARK_BYTES, NO_PORT, tell } from '../backup/replica-lines.ts';
import { type Change, type CommandTable, changeOf, isWanted } from './changed-keys.ts';
import { CommandStream } from './command-stream.ts';
import { openSocket, type SourceAddress } from './source-address.ts';

const CONNECT_MS = 3000;
/** A master says something every 10 s (repl-ping-replica-period); before its data, every second. */
const SILENCE_MS = 60_000;
const ACK_MS = 1000;
const RETRY_MS = 250;

/** The source does not let anybody replicate it (or not this user). */
export class ReplicationRefused extends Error {}

/** What passes by itself, and is no refusal. */
const PASSING = /^\w+: (LOADING|NOMASTERLINK|BUSY|MASTERDOWN|ERR max number of clients)/;

interface Begun {
  readonly socket: Socket;
  readonly lines: LineReader;
  /** Offset in the source's history at which the stream goes on. */
  readonly offset: number;
  readonly replid: string;
  /** Whether what was changed while nobody listened is missing. */
  readonly isAnew: boolean;
}

/**
 * Hears of every change of a source as a replica does (PSYNC), and holds none of its data: of Redis 7 the data is not even asked
 * for, of an older one it is read and thrown away.
 *
 * Never acknowledges anything: who waits for replicas of the source (WAIT, min-replicas) must not take this for one.
 */
export class ReplicaFeed {
  /** Up to where changes were told, in the source's own count. */
  position = 0;
  #replid = '';
  #database = 0;
  #socket: Socket | undefined;
  #closed = false;
  /** Why it has given up. */
  failure: Error | undefined;

  /**
   * @param tell is called with each change, in order
   * @param anew is called when changes were missed: all keys have to be looked at again
   */
  private constructor(
    private readonly source: SourceAddress,
    private readonly table: CommandTable,
    private readonly tell: (change: Change) => void,
    private readonly anew: () => void,
    private readonly awayMs: number,
  ) {}

  /** @param awayMs how long a source may be away until it is given up @throws ReplicationRefused, or Error when the source does not answer */
  static async open(
    source: SourceAddress,
    table: CommandTable,
    listener: { readonly tell: (change: Change) => void; readonly anew: () => void },
    awayMs: number,
  ): Promise<ReplicaFeed> {
    const feed = new ReplicaFeed(source, table, listener.tell, listener.anew, awayMs);
    const begun = await feed.#begin();
    void feed.#follow(begun);
    return feed;
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  async #follow(first: Begun): Promise<void> {
    let begun: Begun | undefined = first;
    let heard = performance.now();
    while (!this.#closed) {
      try {
        begun ??= await this.#begin();
        await this.#listen(begun, () => {
          heard = performance.now();
        });
      } catch (error) {
        if (this.#closed) return;
        if (performance.now() - heard > this.awayMs || error instanceof ReplicationRefused) {
          this.failure = error as Error;
          return;
        }
      }
      begun = undefined;
      await delay(RETRY_MS);
    }
  }

  async #begin(): Promise<Begun> {
    const socket = openSocket(this.source);
    this.#socket = socket;
    try {
      socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error(`no connection within ${CONNECT_MS} ms`)));
      await once(socket, this.source.tls === undefined ? 'connect' : 'secureConnect');
      socket.removeAllListeners('timeout');
      socket.setTimeout(SILENCE_MS, () =>
        socket.destroy(new Error(`nothing came for ${SILENCE_MS / 1000} s`)),
      );
      // What goes wrong later is told by whoever reads.
      socket.on('error', () => undefined);
      return await this.#shakeHands(socket, new LineReader(socket[Symbol.asyncIterator]()));
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  async #shakeHands(socket: Socket, lines: LineReader): Promise<Begun> {
    const { username, password } = this.source.login;
    if (password !== undefined) await ask(socket, lines, 'AUTH', username ?? 'default', password);
    await ask(socket, lines, 'REPLCONF', 'listening-port', String(NO_PORT)).catch(refusal);
    await ask(socket, lines, 'REPLCONF', 'capa', 'eof', 'capa', 'psync2').catch(refusal);
    // Redis 7: no keys, no functions.
    await ask(socket, lines, 'REPLCONF', 'rdb-filter-only', '').catch(onlyIfUnknown);
    const from = this.#replid === '' ? ['?', '-1'] : [this.#replid, String(this.position + 1)];
    const reply = await ask(socket, lines, 'PSYNC', ...from).catch(refusal);
    const [word, replid, offset] = reply.slice(1).split(' ');
    if (word === 'CONTINUE')
      return { socket, lines, offset: this.position, replid: replid ?? this.#replid, isAnew: false };
    if (word !== 'FULLRESYNC') throw new ReplicationRefused(`PSYNC: ${reply}`);
    await skipData(lines);
    return { socket, lines, offset: Number(offset), replid, isAnew: this.#replid !== '' };
  }

  async #listen({ socket, lines, offset, replid, isAnew }: Begun, heard: () => void): Promise<void> {
    this.#replid = replid;
    this.position = offset;
    if (isAnew) this.anew();
    const stream = new CommandStream(isWanted(this.table));
    // Without the first one a master that sent its data unstored sends nothing more.
    const acknowledge = (): void => tell(socket, 'REPLCONF', 'ACK', '0');
    acknowledge();
    const timer = setInterval(acknowledge, ACK_MS);
    try {
      for await (const chunk of lines.rest()) {
        heard();
        for (const command of stream.feed(chunk)) {
          const change = changeOf(command, this.#database, this.table);
          if (change.kind === 'database') this.#database = change.database;
          else if (change.kind !== 'nothing') this.tell(change);
        }
        this.position = offset + stream.wholeBytes;
      }
      throw new Error('the connection was closed');
    } finally {
      clearInterval(timer);
      socket.destroy();
    }
  }
}

function refusal(error: Error): never {
  const isAnswer = /^(AUTH|REPLCONF|PSYNC): /.test(error.message);
  throw isAnswer && !PASSING.test(error.message) ? new ReplicationRefused(error.message) : error;
}

/** An option that an older Redis does not know is not needed. */
function onlyIfUnknown(error: Error): void {
  if (!error.message.startsWith('REPLCONF: ')) throw error;
}

/** Reads the RDB file away, of a known length or up to a mark that was announced. */
async function skipData(lines: LineReader): Promise<void> {
  const head = await lines.line();
  if (!head.startsWith('$')) throw new Error(`an RDB file was to come, and what came is: ${head}`);
  const next = async (): Promise<Buffer> => {
    const chunk = await lines.chunk();
    if (chunk === undefined) throw new Error('the connection ended in the middle of the data');
    return chunk;
  };
  if (!head.startsWith('$EOF:')) {
    let left = Number(head.slice(1));
    while (left > 0) {
      const chunk = await next();
      if (chunk.length > left) lines.unread(chunk.subarray(left));
      left -= Math.min(left, chunk.length);
    }
    return;
  }
  // Nothing follows the mark until this replica has acknowledged.
  const mark = Buffer.from(head.slice('$EOF:'.length), 'latin1');
  let held: Buffer = Buffer.alloc(0);
  while (!held.equals(mark)) held = Buffer.concat([held, await next()]).subarray(-MARK_BYTES);
}

import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { RedisAddress, RedisLogin } from '../observe/redis-call.ts';
import { ask, LineReader, MARK_BYTES, NO_PORT } from './replica-lines.ts';
import { ReusedReads } from './reused-reads.ts';

/** Milliseconds in which a redis must accept the connection, and in which something must come: it says a byte a second. */
const CONNECT_MS = 3000;
const SILENCE_MS = 60_000;

/** All data of one redis as of one moment. */
export interface Snapshot {
  /** The replication history, and the offset in it, up to which it goes. */
  readonly replid: string;
  readonly offset: number;
  /** An RDB file; each chunk is good until the next one is asked for. @throws Error when it comes to no end */
  readonly bytes: AsyncIterable<Buffer>;
  /** Lets the redis go, whether everything was read or not. */
  close(): void;
}

/**
 * Asks a redis for a snapshot by the replication protocol, as `redis-cli --rdb` does: it forks and streams, with nothing
 * written to its disk, and sends no writes behind (`rdb-only`).
 *
 * @throws Error when it does not answer, refuses, or has no link to its master
 */
export async function openSnapshot(at: RedisAddress, login: RedisLogin): Promise<Snapshot> {
  const reads = new ReusedReads(at.port, at.address);
  const { socket } = reads;
  try {
    await connected(socket);
    const lines = new LineReader(reads);
    if (login.password !== undefined)
      await ask(socket, lines, 'AUTH', login.username ?? 'default', login.password);
    await ask(socket, lines, 'REPLCONF', 'capa', 'eof');
    await ask(socket, lines, 'REPLCONF', 'rdb-only', '1');
    await ask(socket, lines, 'REPLCONF', 'listening-port', String(NO_PORT));
    const [, replid, offset] = (await ask(socket, lines, 'PSYNC', '?', '-1')).split(' ');
    return { replid, offset: Number(offset), bytes: payload(lines), close: () => void socket.destroy() };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function connected(socket: Socket): Promise<void> {
  socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error(`no connection within ${CONNECT_MS} ms`)));
  await once(socket, 'connect');
  socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`nothing came for ${SILENCE_MS / 1000} s`)));
}

/** The RDB file: of a known length, or up to a mark that was announced. Before it, a newline a second. */
async function* payload(lines: LineReader): AsyncGenerator<Buffer> {
  const head = await lines.line();
  if (!head.startsWith('$')) throw new Error(`an RDB file was to come, and what came is: ${head}`);
  if (!head.startsWith('$EOF:')) {
    let left = Number(head.slice(1));
    for await (const chunk of lines.rest()) {
      if (chunk.length > left) throw new Error('more came than was announced');
      left -= chunk.length;
      yield chunk;
      if (left === 0) return;
    }
    throw new Error(`the connection ended ${left} bytes too early`);
  }
  const mark = Buffer.from(head.slice('$EOF:'.length), 'latin1');
  if (mark.length !== MARK_BYTES) throw new Error('the mark of the end has another length than it should');
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of lines.rest()) {
    const all = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    // The mark may come in pieces: what may be its beginning is held back.
    const certain = all.length - beginningAtEnd(mark, all);
    held = Buffer.from(all.subarray(certain));
    if (certain > 0) yield all.subarray(0, certain);
    if (held.length === MARK_BYTES) return;
  }
  throw new Error('the connection ended in the middle of the data');
}

/** How many bytes at the end are the beginning of the mark, or all of it. */
function beginningAtEnd(mark: Buffer, bytes: Buffer): number {
  for (let count = Math.min(mark.length, bytes.length); count > 0; count--) {
    const at = bytes.length - count;
    if (bytes[at] === mark[0] && bytes.compare(mark, 0, count, at) === 0) return count;
  }
  return 0;
}

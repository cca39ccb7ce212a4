import { createInterface } from 'node:readline';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';

/** Nothing came, went or was said for this long: the transfer is given up. Milliseconds. */
const STALLED_MS = 60_000;

export interface TransferOptions {
  /** Told of every piece on its way, in bytes. */
  readonly moved?: (bytes: number) => void;
  /** Cuts the transfer off. */
  readonly signal?: AbortSignal;
  readonly stalledMs?: number;
}

type Side = 'source' | 'target';

/** One of the two engines of a transfer failed; the message has its words. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
  readonly side: Side;

  constructor(side: Side, message: string, cause?: unknown) {
    super(message, { cause });
    this.side = side;
  }
}

/**
 * Brings images from one engine to another as one stream, `docker save | docker load`: nothing is kept here on the way, and
 * what they have in common goes once. The engine that loads names an image when it has all of it, so a transfer that is cut
 * off leaves whole images or none.
 *
 * @throws TransferError that says which side failed; the reason of `signal` when that was aborted
 */
export async function transferImages(
  from: Docker,
  to: Docker,
  names: readonly string[],
  { moved = () => undefined, signal, stalledMs = STALLED_MS }: TransferOptions = {},
): Promise<void> {
  signal?.throwIfAborted();
  // What ends the transfer: the first reason counts, what follows from it on the other side does not.
  const cut = new AbortController();
  const abort = (): void => cut.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  const stall = (): void => cut.abort(new TransferError('target', `nothing moved for ${stalledMs / 1000} s`));
  let timer = setTimeout(stall, stalledMs);
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(stall, stalledMs);
  };
  const archive = new Transform({
    highWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      alive();
      moved(chunk.length);
      done(null, chunk);
    },
  });
  const failed = (side: Side) => (error: unknown) => {
    cut.abort(new TransferError(side, error instanceof Error ? error.message : String(error), error));
    archive.destroy();
  };
  try {
    await Promise.all([
      save(from, names, archive, cut.signal).catch(failed('source')),
      load(to, archive, cut.signal, alive).catch(failed('target')),
    ]);
    cut.signal.throwIfAborted();
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

async function save(
  docker: Docker,
  names: readonly string[],
  archive: Transform,
  signal: AbortSignal,
): Promise<void> {
  const request = {
    path: '/images/get?',
    method: 'GET',
    options: { names },
    abortSignal: signal,
    isStream: true,
    statusCodes: { 200: true, 404: 'no such image', 500: 'server error' },
  };
  const source = await new Promise<Readable>((resolve, reject) => {
    docker.modem.dial(request, (error: unknown, answer: unknown) =>
      error === null ? resolve(answer as Readable) : reject(error),
    );
  });
  await pipeline(source, archive, { signal });
}

/** What an engine says while it loads, a line of JSON each. */
interface Said {
  readonly error?: string;
}

async function load(
  docker: Docker,
  archive: Transform,
  signal: AbortSignal,
  alive: () => void,
): Promise<void> {
  const answer = await docker.loadImage(archive, { quiet: false, abortSignal: signal });
  const cut = (): void => void (answer as Readable).destroy();
  signal.addEventListener('abort', cut, { once: true });
  try {
    for await (const line of createInterface({ input: answer })) {
      alive();
      const { error } = line.startsWith('{') ? (JSON.parse(line) as Said) : {};
      if (error !== undefined) throw new Error(error);
    }
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', cut);
  }
}

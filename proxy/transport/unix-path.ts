import { lstatSync, renameSync, rmSync, type Stats } from 'node:fs';
import { createConnection } from 'node:net';
import { fileKind } from '../config/files.ts';

/** Whoever does not take a connection within this is not dead, but hangs. Milliseconds. */
const PATIENCE = 1000;

/**
 * Makes the path of a Unix socket free to listen on: removes a socket that nobody serves any more, as a process leaves it
 * behind that was killed. Everything else stays, and is an error.
 * @throws Error in words when somebody serves there, or what is there is no socket
 */
export async function freeUnixPath(path: string): Promise<void> {
  const found = statOf(path);
  if (found === null) return;
  if (!found.isSocket())
    throw new Error(`there is ${fileKind(found)}, which is left alone; remove it or choose another path`);
  const outcome = await knock(path);
  if (outcome === 'ENOENT') return;
  if (outcome !== 'ECONNREFUSED') {
    const why = outcome === null ? 'another process serves there' : `somebody may serve there (${outcome})`;
    throw new Error(`${why}; stop it or choose another path`);
  }
  rmSync(path, { force: true });
}

/** The socket that was just made at a path, to be told from another one there later. */
export class UnixPath {
  private readonly made: Stats | null;

  constructor(private readonly path: string) {
    this.made = statOf(path);
  }

  /**
   * Ends the listener and removes its socket, but nothing else that has taken its place: runtimes remove whatever has the
   * name (libuv's uv__pipe_close, and Bun's).
   */
  leave(close: () => void): void {
    const { path } = this;
    const there = statOf(path);
    if (there === null || this.isOurs(there)) {
      close();
      rmSync(path, { force: true });
      return;
    }
    const aside = `${path}.${process.pid}`;
    try {
      renameSync(path, aside);
    } catch {
      // what cannot be renamed here cannot be removed either
      close();
      return;
    }
    close();
    renameSync(aside, path);
  }

  private isOurs({ dev, ino }: Stats): boolean {
    return this.made !== null && this.made.dev === dev && this.made.ino === ino;
  }
}

function statOf(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

/** An errno name, null when somebody takes the connection. */
function knock(path: string): Promise<string | null> {
  return new Promise((done) => {
    const socket = createConnection({ path });
    const end = (outcome: string | null): void => {
      clearTimeout(limit);
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.destroy();
      done(outcome);
    };
    const limit = setTimeout(() => end('ETIMEDOUT'), PATIENCE);
    socket.once('connect', () => end(null));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'EIO'));
  });
}

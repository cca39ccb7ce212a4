/**
 * A lock between processes that cannot go stale: the holder listens on a unix socket, so the kernel gives the lock
 * back when the holder dies, however it dies. On Linux the socket is abstract and leaves no file.
 */
import { createHash } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Milliseconds between two tries for a lock that somebody else holds. */
const RETRY_MS = 150;

/** @param {string} name */
function address(name) {
  const id = `twemstack-${process.getuid?.() ?? 0}-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  return process.platform === 'linux' ? `\0${id}` : join(tmpdir(), `${id}.sock`);
}

/** @param {string} path */
function listen(path) {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** Outside Linux a dead holder leaves its socket file behind: a refused connection tells. @param {string} path */
function removeIfDead(path) {
  if (path.startsWith('\0')) return Promise.resolve();
  return new Promise((resolve) => {
    const socket = connect(path, () => resolve(socket.destroy()));
    socket.once('error', (error) => {
      if (error.code === 'ECONNREFUSED') unlinkSync(path);
      resolve(undefined);
    });
  });
}

/**
 * Takes the lock `name` if nobody holds it.
 *
 * @param {string} name any text, usually the path of what is guarded
 * @returns {Promise<{release(): Promise<void>} | undefined>} undefined while another holds it
 */
export async function tryLock(name) {
  const path = address(name);
  try {
    const server = await listen(path);
    return { release: () => new Promise((resolve) => server.close(() => resolve())) };
  } catch (error) {
    if (error.code !== 'EADDRINUSE') throw error;
    await removeIfDead(path);
    return undefined;
  }
}

/**
 * Whether somebody holds the lock `name`; whoever wants it meanwhile is not kept from it.
 *
 * @param {string} name
 * @returns {Promise<boolean>}
 */
export function isHeld(name) {
  return new Promise((resolve) => {
    const socket = connect(address(name), () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/**
 * Takes the lock `name`, waiting for as long as another holds it.
 *
 * @param {string} name
 * @param {() => void} [onWait] called once, when the lock is found held
 * @returns {Promise<{release(): Promise<void>}>}
 */
export async function lock(name, onWait) {
  for (let first = true; ; first = false) {
    const held = await tryLock(name);
    if (held !== undefined) return held;
    if (first) onWait?.();
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

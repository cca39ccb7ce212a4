import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** Longer than any hold of the proxy; an application with a shorter one would give up first. */
const COMMAND_TIMEOUT_MS = 10_000;
/** On one LAN a connection takes a millisecond; a longer wait only sleeps over the moment the VIP has moved. */
const CONNECT_TIMEOUT_MS = 500;
/**
 * Milliseconds of silence before the kernel asks whether the other side still knows the connection. A client that
 * waits for an answer sends nothing, so this is how it learns that the VIP is elsewhere: the new holder resets it.
 */
export const KEEP_ALIVE_MS = 1000;
const RECONNECT_MS = 50;

/**
 * A connection as an application on the stack's network should make one.
 *
 * @param asksAgain whether it sends again, over a new connection, what was not answered over the lost one (as ioredis does
 *   unless told otherwise); each failure shows if not
 * @param onReconnect called each time a lost connection has been made again
 */
export async function connectApplication(
  host: string,
  port: number,
  password: string,
  asksAgain: boolean,
  onReconnect: () => void,
): Promise<Redis> {
  const client = new Redis({
    host,
    port,
    password,
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    maxRetriesPerRequest: asksAgain ? null : 0,
    autoResendUnfulfilledCommands: asksAgain,
    // Who listens subscribes again itself, and once more when that is refused.
    autoResubscribe: false,
    // An INFO after each connect would only delay the first request.
    enableReadyCheck: false,
    retryStrategy: () => RECONNECT_MS,
  });
  // Each failed command rejects on its own; the reconnects in between need no listener of their own.
  client.on('error', () => undefined);
  await client.connect();
  client.on('connect', onReconnect);
  return client;
}

/** Waits until the connection is there; false when the load ended before. */
export async function served(client: Redis, running: () => boolean): Promise<boolean> {
  while (client.status !== 'ready') {
    if (!running()) return false;
    await delay(5);
  }
  return true;
}

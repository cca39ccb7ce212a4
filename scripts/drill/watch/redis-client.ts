import { Redis } from 'ioredis';

/** A connection as operator that is made again for ever: members die in a drill, and come back. */
export function watchingClient(host: string, port: number, password: string): Redis {
  const client = new Redis({
    host,
    port,
    username: 'operator',
    password,
    connectTimeout: 1000,
    maxRetriesPerRequest: null,
    retryStrategy: () => 100,
    enableReadyCheck: false,
    protocol: 2,
    disableClientInfo: true,
    autoResubscribe: true,
    // A frozen member must not hold up what is asked of it later.
    socketTimeout: 2000,
  });
  // The reconnects are expected, and the roles say what happened.
  client.on('error', () => undefined);
  return client;
}

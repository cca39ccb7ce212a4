/** A redis for one use that nobody else reaches. */
export interface TrialRedis {
  /** Gives it an RDB file and waits until it has loaded that. @throws Error with what it said, when it does not load */
  load(rdb: AsyncIterable<Buffer>): Promise<void>;
  /** Lines for redis-cli. @returns the lines that it printed */
  ask(commands: readonly string[]): Promise<string[]>;
  end(): Promise<void>;
}

/**
 * How it is started: as a replica of nobody, for a master would drop what has expired since, and keys could not be counted
 * (rdb.c, rdbLoadRioWithLoadingCtx); writable, so that values can be put beside those that were loaded.
 */
export const TRIAL_SETTINGS = [
  '--port 0',
  '--unixsocket redis.sock',
  '--dbfilename dump.rdb',
  '--save ""',
  '--appendonly no',
  '--replicaof 127.0.0.1 1',
  '--replica-read-only no',
  '--enable-debug-command local',
  '--daemonize no',
].join(' ');

/** Bytes as a word of a redis-cli line: it knows `\xhh` between quotes. */
export const quoted = (bytes: Buffer): string =>
  `"${bytes.toString('hex').replace(/../g, (byte) => `\\x${byte}`)}"`;

import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Request } from '../backup/restore/target.ts';
import { InputError, NotSoError } from '../errors.ts';
import { ONCE, parseInfo } from '../observe/redis-call.ts';
import type { NamedKey } from './dirty-keys.ts';
import { clientOptions, type SourceAddress } from './source-address.ts';

const CONNECT_MS = 3000;
/** As long as one large value may take. */
const ANSWER_MS = 60_000;
const RETRY_MS = 250;
/** Of values that are read in one go. */
const READ_BYTES = 8 * 1024 * 1024;
/** What a value is taken for where MEMORY USAGE is not allowed. */
const GUESSED_BYTES = 64 * 1024;

/** A key as the source has it at this moment. */
export interface SourceKey extends NamedKey {
  /** As DUMP gives it; undefined = there is no such key. */
  readonly payload: Buffer | undefined;
  /** Milliseconds since 1970; undefined = it does not expire. */
  readonly expiresAt: number | undefined;
}

/** A source does not do what it is asked for. */
export class SourceRefusal extends NotSoError {
  /** Its own words. */
  readonly reply: string;

  constructor({ name }: SourceAddress, cause: Error) {
    super(`${name} refuses: ${cause.message}`, {
      where: name,
      remedy: 'docs/from-twemproxy.md says what the user of the import must be allowed to do',
      cause,
    });
    this.reply = cause.message;
  }
}

/** Asks a source; goes on by itself when the connection was lost for a moment. */
export class SourceClient {
  #redis: Redis | undefined;
  #saysSize = true;
  #version = '0';

  /** @param awayMs how long the source may be away until it is given up */
  constructor(
    readonly at: SourceAddress,
    readonly awayMs: number,
  ) {}

  /** @throws InputError or NotSoError that says why it cannot be reached, at once */
  async connect(): Promise<void> {
    try {
      this.#redis = await open(this.at);
      await this.#redis.ping();
    } catch (error) {
      this.close();
      throw unreachable(this.at, error as Error);
    }
    this.#version = (await this.info('server')).get('redis_version') ?? '0';
  }

  /** Of Redis; what is none says there which it takes after. */
  get version(): string {
    return this.#version;
  }

  /** Whether its version is lower than that one: three numbers. */
  isBefore(version: string): boolean {
    return this.#version.localeCompare(version, 'en', { numeric: true }) < 0;
  }

  close(): void {
    this.#redis?.disconnect();
    this.#redis = undefined;
  }

  /** Requests that may be repeated. @throws NotSoError when the source stays away, SourceRefusal */
  async use<T>(ask: (redis: Redis) => Promise<T>): Promise<T> {
    const until = performance.now() + this.awayMs;
    for (;;) {
      try {
        this.#redis ??= await open(this.at);
        return await ask(this.#redis);
      } catch (error) {
        if (!isPassing(error as Error)) throw new SourceRefusal(this.at, error as Error);
        if (performance.now() > until) throw gone(this, error as Error);
        this.close();
        await delay(RETRY_MS);
      }
    }
  }

  call(command: string, ...args: (string | Buffer | number)[]): Promise<unknown> {
    return this.use((redis) => redis.call(command, ...args));
  }

  async info(section: string): Promise<ReadonlyMap<string, string>> {
    return parseInfo(String(await this.call('INFO', section)));
  }

  /** What CONFIG GET says of one setting. @throws SourceRefusal also when there is no such setting */
  async setting(name: string): Promise<string> {
    const [, value] = (await this.call('CONFIG', 'GET', name)) as (string | undefined)[];
    if (value === undefined)
      throw new SourceRefusal(this.at, new Error(`CONFIG GET ${name} answers nothing`));
    return value;
  }

  /** A piece of all keys. @returns the next cursor, '0' at the end */
  async scan(database: number, cursor: string, count: number): Promise<[string, string[]]> {
    const [, answer] = await this.#inDatabase(database, (pipeline) =>
      pipeline.scanBuffer(cursor, 'COUNT', count),
    );
    const [next, keys] = answer as [Buffer, Buffer[]];
    return [next.toString(), keys.map((key) => key.toString('latin1'))];
  }

  /** Which of these keys are there. */
  async existing(database: number, names: readonly string[]): Promise<boolean[]> {
    const [, ...answers] = await this.#inDatabase(database, (pipeline) => {
      for (const name of names) pipeline.exists(bytesOf(name));
    });
    return answers.map((answer) => answer === 1);
  }

  /** Up to so many keys, each drawn by chance, none twice. */
  async randomKeys(database: number, count: number): Promise<string[]> {
    const [, ...keys] = await this.#inDatabase(database, (pipeline) => {
      for (let i = 0; i < count; i++) pipeline.callBuffer('RANDOMKEY');
    });
    const names = keys.flatMap((key) => (Buffer.isBuffer(key) ? [key.toString('latin1')] : []));
    return [...new Set(names)];
  }

  /** One question about a database; strings of the answer are bytes. */
  async ask(database: number, [command, ...args]: Request): Promise<unknown> {
    const [, answer] = await this.#inDatabase(database, (pipeline) => pipeline.callBuffer(command, ...args));
    return answer;
  }

  /**
   * Keys of one database with their values, some at a time, so that not all of them are in memory at once.
   *
   * @param mostBytes keys with larger values are left out
   */
  async *read(
    keys: readonly NamedKey[],
    mostBytes = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<readonly SourceKey[]> {
    if (keys.length === 0) return;
    const sizes = await this.#sizesOf(keys);
    let [batch, bytes]: [NamedKey[], number] = [[], 0];
    for (const [i, key] of keys.entries()) {
      if (sizes[i] > mostBytes) continue;
      if (batch.length > 0 && bytes + sizes[i] > READ_BYTES) {
        yield await this.#readAll(batch);
        [batch, bytes] = [[], 0];
      }
      batch.push(key);
      bytes += sizes[i];
    }
    if (batch.length > 0) yield await this.#readAll(batch);
  }

  async #sizesOf(keys: readonly NamedKey[]): Promise<number[]> {
    if (!this.#saysSize) return keys.map(() => GUESSED_BYTES);
    try {
      const [, ...sizes] = await this.#inDatabase(keys[0].database, (pipeline) => {
        for (const { name } of keys) pipeline.memory('USAGE', bytesOf(name));
      });
      return sizes.map((size) => Number(size ?? 0));
    } catch (error) {
      if (!(error instanceof SourceRefusal)) throw error;
      this.#saysSize = false;
      return keys.map(() => GUESSED_BYTES);
    }
  }

  async #readAll(keys: readonly NamedKey[]): Promise<SourceKey[]> {
    const saysWhen = !this.isBefore('7.0.0'); // PEXPIRETIME
    const [, ...answers] = await this.#inDatabase(keys[0].database, (pipeline) => {
      pipeline.time();
      for (const { name } of keys) {
        pipeline.dumpBuffer(bytesOf(name));
        if (saysWhen) pipeline.pexpiretime(bytesOf(name));
        else pipeline.pttl(bytesOf(name));
      }
    });
    const [seconds, micros] = answers[0] as [number | string, number | string];
    const now = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
    return keys.map(({ database, name }, i) => {
      const payload = (answers[1 + 2 * i] as Buffer | null) ?? undefined;
      const when = Number(answers[2 + 2 * i]);
      const expiresAt = when < 0 ? undefined : saysWhen ? when : now + when;
      return { database, name, payload, expiresAt };
    });
  }

  /** @returns the answer to SELECT, then the others */
  #inDatabase(database: number, fill: (pipeline: ReturnType<Redis['pipeline']>) => void): Promise<unknown[]> {
    return this.use(async (redis) => {
      const pipeline = redis.pipeline();
      pipeline.select(database);
      fill(pipeline);
      return ((await pipeline.exec()) ?? []).map(([error, answer]) => {
        if (error !== null) throw error;
        return answer;
      });
    });
  }
}

export const bytesOf = (name: string): Buffer => Buffer.from(name, 'latin1');

async function open(at: SourceAddress): Promise<Redis> {
  const redis = new Redis({
    ...clientOptions(at),
    ...ONCE,
    connectTimeout: CONNECT_MS,
    commandTimeout: ANSWER_MS,
  });
  // ioredis tells why by an event; the rejection only says that it is closed.
  let why: Error | undefined;
  redis.on('error', (error: Error) => {
    why = error;
  });
  try {
    await redis.connect();
    return redis;
  } catch (error) {
    redis.disconnect();
    throw why ?? error;
  }
}

const CONNECTION =
  /Connection is closed|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|timed out|^LOADING|^BUSY\b/;

const isPassing = (error: Error): boolean =>
  CONNECTION.test(`${error.message} ${(error as NodeJS.ErrnoException).code ?? ''}`);

function unreachable(at: SourceAddress, cause: Error): InputError | NotSoError {
  const { message } = cause;
  if (/^(WRONGPASS|ERR invalid password|ERR .*without any password)/.test(message)) {
    return new InputError(`${at.name} refuses the password`, {
      where: '--from',
      remedy:
        'give the right one in TWEMSTACK_IMPORT_PASSWORD or --password-file; a user goes in front of the host: redis://USER@HOST',
      cause,
    });
  }
  if (message.startsWith('NOAUTH')) {
    return new InputError(`${at.name} asks for a password, and none was given`, {
      where: '--from',
      remedy: 'put it into TWEMSTACK_IMPORT_PASSWORD, or a file for --password-file',
      cause,
    });
  }
  return new NotSoError(`${at.name} cannot be reached: ${message}`, {
    where: at.name,
    remedy: 'nothing was changed; see that it runs, and that this machine may reach it (bind, firewall, TLS)',
    cause,
  });
}

/** A source that was there has gone. */
export const gone = ({ at, awayMs }: SourceClient, cause: Error): NotSoError =>
  new NotSoError(`${at.name} has gone, for more than ${awayMs / 1000} s: ${cause.message}`, {
    where: at.name,
    remedy:
      'the import is not complete, and what was written stays; when the source is back the same command completes it',
    cause,
  });

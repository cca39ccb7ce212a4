import { RdbBytes, type Reading } from './bytes.ts';
import { crc64 } from './crc64.ts';
import { VALUES } from './values.ts';

/** Bytes between values that say what comes next (rdb.h, RDB_OPCODE_*). */
const OPCODE = {
  slotInfo: 244,
  function: 245,
  idle: 248,
  frequency: 249,
  about: 250,
  sizes: 251,
  expiryMs: 252,
  expirySeconds: 253,
  database: 254,
  end: 255,
} as const;

/** One key of an RDB file. */
export interface RdbKey {
  readonly database: number;
  readonly key: Buffer;
  /** As DUMP gives it, and RESTORE takes it. */
  readonly payload: Buffer;
  /** Milliseconds since 1970; undefined = it does not expire. */
  readonly expiresAt: number | undefined;
  /** What the eviction policy knows of it, where that is LRU or LFU. */
  readonly idleSeconds: number | undefined;
  readonly frequency: number | undefined;
}

/** What an RDB file turned out to hold. */
export interface RdbContents {
  /** Version of the format: 10 = Redis 7.0. */
  readonly version: number;
  /** Keys, and how many of them expire, by database. */
  readonly databases: ReadonlyMap<number, { readonly keys: number; readonly expires: number }>;
  /** Source of each library of functions. */
  readonly functions: readonly string[];
  /** Of the largest value with its key, in bytes of the file. */
  readonly largestBytes: number;
}

/** Bytes of the two things at the end of a payload: version and checksum. */
const FOOTER = 10;

/**
 * Reads an RDB file (Redis 2.6 to 7.4) as it comes, without holding more of it than one chunk, and one value when
 * values are asked for.
 *
 * It does not check the file's own checksum: Redis does when it loads it, and a backup has a better one.
 */
export class RdbReader {
  readonly #bytes = new RdbBytes();
  readonly #reading: Reading<void>;
  readonly #withKeys: boolean;
  #found: RdbKey[] = [];
  #count = 0;
  #version = 0;
  #footer = Buffer.alloc(0);
  readonly #databases = new Map<number, { keys: number; expires: number }>();
  readonly #functions: string[] = [];
  #largestBytes = 0;
  #position = 0;
  #finished = false;

  /** @param options keys: give each key with its value; otherwise they are counted, which takes a fraction of the time */
  constructor({ keys }: { keys: boolean }) {
    this.#withKeys = keys;
    this.#reading = this.#file();
  }

  /** Keys so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * The keys that end in this chunk; none where they are counted alone.
   *
   * @throws Error when this is no RDB file, is of a version or holds a type that is not known, or goes on behind its end
   */
  feed(chunk: Buffer): readonly RdbKey[] {
    if (chunk.length === 0) return [];
    if (this.#finished) throw new Error(`${chunk.length} bytes follow the end`);
    this.#bytes.feed(chunk);
    this.#position += chunk.length;
    this.#finished = this.#reading.next().done === true;
    this.#bytes.leave();
    const rest = this.#bytes.left;
    if (rest > 0) throw new Error(`${rest} bytes follow the end`);
    const found = this.#found;
    this.#found = [];
    return found;
  }

  /** To be called behind the last chunk. @throws Error when the file is not at its end */
  end(): RdbContents {
    if (!this.#finished) throw new Error(`it ends after ${this.#position} bytes in the middle of the data`);
    return {
      version: this.#version,
      databases: this.#databases,
      functions: this.#functions,
      largestBytes: this.#largestBytes,
    };
  }

  *#file(): Reading<void> {
    const bytes = this.#bytes;
    const head = (yield* bytes.take(9)).toString('latin1');
    if (!/^REDIS\d{4}$/.test(head)) throw new Error('it does not begin like an RDB file');
    this.#version = Number(head.slice(5));
    this.#footer = Buffer.alloc(2);
    this.#footer.writeUInt16LE(this.#version);
    let database = 0;
    let about: Partial<Pick<RdbKey, 'expiresAt' | 'idleSeconds' | 'frequency'>> = {};
    for (;;) {
      const type = bytes.nextByte() ?? (yield* bytes.byte());
      switch (type) {
        case OPCODE.expiryMs:
          about = { ...about, expiresAt: Number((yield* bytes.take(8)).readBigInt64LE()) };
          break;
        case OPCODE.expirySeconds:
          about = { ...about, expiresAt: 1000 * (yield* bytes.take(4)).readInt32LE() };
          break;
        case OPCODE.idle:
          about = { ...about, idleSeconds: yield* bytes.length() };
          break;
        case OPCODE.frequency:
          about = { ...about, frequency: yield* bytes.byte() };
          break;
        case OPCODE.database:
          database = yield* bytes.length();
          break;
        case OPCODE.sizes:
          yield* bytes.length();
          yield* bytes.length();
          break;
        case OPCODE.slotInfo:
          for (let i = 0; i < 3; i++) yield* bytes.length();
          break;
        case OPCODE.about:
          yield* bytes.skipStrings(2);
          break;
        case OPCODE.function:
          this.#functions.push((yield* bytes.string()).toString());
          break;
        case OPCODE.end:
          if (this.#version >= 5) yield* bytes.skip(8);
          return;
        default:
          yield* this.#key(database, type, about);
          about = {};
      }
    }
  }

  *#key(
    database: number,
    type: number,
    about: Partial<Pick<RdbKey, 'expiresAt' | 'idleSeconds' | 'frequency'>>,
  ): Reading<void> {
    const skip = VALUES.get(type);
    if (skip === undefined) {
      throw new Error(
        `it holds something of the type ${type}, which is a module's or of a Redis newer than 7.4`,
      );
    }
    const bytes = this.#bytes;
    if (!this.#withKeys) {
      const length = yield* bytes.stringLength();
      const from = this.#position - bytes.left;
      yield* skip(bytes);
      this.#note(database, about.expiresAt !== undefined, length + this.#position - bytes.left - from);
      return;
    }
    const key = yield* bytes.string();
    bytes.keep();
    yield* skip(bytes);
    const value = bytes.kept();
    this.#note(database, about.expiresAt !== undefined, key.length + value.length);
    this.#found.push({
      database,
      key,
      payload: this.#payload(type, value),
      expiresAt: about.expiresAt,
      idleSeconds: about.idleSeconds,
      frequency: about.frequency,
    });
  }

  #note(database: number, expires: boolean, bytes: number): void {
    this.#count++;
    this.#largestBytes = Math.max(this.#largestBytes, bytes + FOOTER);
    const count = this.#databases.get(database) ?? { keys: 0, expires: 0 };
    count.keys++;
    if (expires) count.expires++;
    this.#databases.set(database, count);
  }

  /** cluster.c, createDumpPayload: type, value, version, checksum of all that. */
  #payload(type: number, value: Buffer): Buffer {
    const head = Buffer.of(type);
    return Buffer.concat([head, value, this.#footer, crc64(head, value, this.#footer)]);
  }
}

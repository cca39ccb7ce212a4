const LF = 10;
const STAR = 42;
const DOLLAR = 36;

/** Longer arguments are not kept: they are values. */
export const MOST_ARGUMENT_BYTES = 64 * 1024;
const MOST_LINE_BYTES = 64;

/** One command of a replication stream; an argument that was not kept is undefined. */
export type StreamCommand = readonly (Buffer | undefined)[];

/** Says of an argument whether it is wanted. @param before the arguments in front of it */
export type Wanted = (before: StreamCommand, count: number) => boolean;

/**
 * Reads the commands that a Redis sends its replicas, in any split of the bytes, without keeping values: what is skipped is
 * kept nowhere.
 */
export class CommandStream {
  /** Of a line that has not ended. */
  #line: Buffer = Buffer.alloc(0);
  /** Arguments that are still to come; 0 = between two commands. */
  #left = 0;
  #count = 0;
  #command: (Buffer | undefined)[] = [];
  /** Bytes of the argument that are still to come, with the two behind it; undefined = its length comes. */
  #body: number | undefined;
  #kept: Buffer[] | undefined;
  /** Bytes up to the end of the last whole command. */
  #whole = 0;
  #seen = 0;

  constructor(private readonly wanted: Wanted) {}

  /** Bytes of whole commands so far: what a replica calls its offset. */
  get wholeBytes(): number {
    return this.#whole;
  }

  /** The commands that end in this chunk. @throws Error when this is no stream of commands */
  feed(chunk: Buffer): StreamCommand[] {
    const found: StreamCommand[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#body !== undefined) {
        at = this.#readBody(chunk, at);
      } else {
        const end = chunk.indexOf(LF, at);
        const piece = chunk.subarray(at, end < 0 ? chunk.length : end + 1);
        this.#line = this.#line.length === 0 ? piece : Buffer.concat([this.#line, piece]);
        if (this.#line.length > MOST_LINE_BYTES) throw new Error('it is no stream of commands');
        at += piece.length;
        if (end < 0) break;
        this.#readLine(this.#line.toString('latin1').trimEnd());
        this.#line = Buffer.alloc(0);
      }
      if (this.#left > 0 || this.#body !== undefined) continue;
      this.#whole = this.#seen + at;
      if (this.#command.length > 0) found.push(this.#command);
      this.#command = [];
    }
    // What is kept must not keep a whole chunk alive.
    if (this.#line.length > 0) this.#line = Buffer.from(this.#line);
    this.#seen += chunk.length;
    return found;
  }

  #readLine(line: string): void {
    const number = Number(line.slice(1));
    const isRight = line.charCodeAt(0) === (this.#left === 0 ? STAR : DOLLAR) && Number.isInteger(number);
    if (!isRight || number < 0) throw new Error(`it is no stream of commands: ${JSON.stringify(line)}`);
    if (this.#left === 0) {
      this.#left = number;
      this.#count = number;
      return;
    }
    this.#body = number + 2;
    const keeps = number <= MOST_ARGUMENT_BYTES && this.wanted(this.#command, this.#count);
    this.#kept = keeps ? [] : undefined;
  }

  #readBody(chunk: Buffer, at: number): number {
    const left = this.#body as number;
    const taken = Math.min(left, chunk.length - at);
    this.#kept?.push(Buffer.from(chunk.subarray(at, at + taken)));
    this.#body = left - taken;
    if (this.#body > 0) return at + taken;
    const all = this.#kept === undefined ? undefined : Buffer.concat(this.#kept);
    this.#command.push(all?.subarray(0, -2));
    this.#kept = undefined;
    this.#body = undefined;
    this.#left--;
    return at + taken;
  }
}

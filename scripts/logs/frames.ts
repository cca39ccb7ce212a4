/** Longer lines are cut, so that no container's log costs more memory than this for each member. Bytes. */
export const LONGEST_LINE = 32 * 1024;

/** `YYYY-MM-DDTHH:MM:SS.nnnnnnnnnZ `, before each message that the engine sends (`timestamps`). */
const STAMP_BYTES = 31;
/** 1 byte stream, 3 zero, 4 length (Docker API, "attach"). */
const HEADER_BYTES = 8;

/** A line that a container wrote. */
export interface EngineLine {
  /** When the engine took it: RFC 3339 with nanoseconds. */
  readonly stamp: string;
  readonly text: string;
}

/** One message of the engine: a line, or a piece of a long one. */
class Message {
  readonly #kept: Buffer[] = [];
  #bytes = 0;
  #room = STAMP_BYTES + LONGEST_LINE;
  ends = false;

  /** Takes what it has room for, and counts the rest. */
  add(part: Buffer): void {
    this.#bytes += part.length;
    this.ends = part.at(-1) === 0x0a;
    const kept = part.subarray(0, this.#room);
    // A copy: what it is cut from is as large as the engine liked.
    if (kept.length > 0) this.#kept.push(Buffer.from(kept));
    this.#room -= kept.length;
  }

  /** How many bytes of its text were not kept. */
  get lost(): number {
    return Math.max(0, this.#bytes - STAMP_BYTES - LONGEST_LINE);
  }

  read(): EngineLine {
    const all = Buffer.concat(this.#kept).toString('utf8');
    const blank = all.indexOf(' ');
    return { stamp: all.slice(0, blank), text: all.slice(blank + 1).replace(/\r?\n$/, '') };
  }
}

/**
 * The lines in a log as the engine streams it, one at a time: nothing is read ahead of what is asked for. Pieces of a line
 * that the engine has cut (16 KiB each) are one line again, up to `LONGEST_LINE`.
 */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<EngineLine> {
  const pieces = new Map<number, EngineLine & { readonly lost: number }>();
  for await (const { channel, message } of messagesOf(stream)) {
    const { stamp, text } = message.read();
    const before = pieces.get(channel);
    const whole = (before?.text ?? '') + text;
    const lost = (before?.lost ?? 0) + message.lost + Math.max(0, whole.length - LONGEST_LINE);
    const line = { stamp: before?.stamp ?? stamp, text: whole.slice(0, LONGEST_LINE), lost };
    if (!message.ends) {
      pieces.set(channel, line);
      continue;
    }
    pieces.delete(channel);
    yield finished(line);
  }
  for (const line of pieces.values()) yield finished(line);
}

const finished = ({ stamp, text, lost }: EngineLine & { readonly lost: number }): EngineLine => ({
  stamp,
  text: lost === 0 ? text : `${text}… (cut here, ${lost} more)`,
});

async function* messagesOf(
  stream: AsyncIterable<Buffer>,
): AsyncGenerator<{ readonly channel: number; readonly message: Message }> {
  let header = Buffer.alloc(0);
  let left = 0;
  let message = new Message();
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const part = chunk.subarray(at, at + HEADER_BYTES - header.length);
        header = Buffer.concat([header, part]);
        at += part.length;
        if (header.length < HEADER_BYTES) break;
        left = header.readUInt32BE(4);
        message = new Message();
      } else {
        const part = chunk.subarray(at, at + left);
        message.add(part);
        at += part.length;
        left -= part.length;
      }
      if (left === 0) {
        yield { channel: header[0], message };
        header = Buffer.alloc(0);
      }
    }
  }
}

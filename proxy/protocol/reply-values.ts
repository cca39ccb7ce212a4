/** A reply as a value: for the few places (Sentinel) where its content matters, never on the data path. */
export type Value = string | number | null | Value[] | ReplyError;

/** An error reply. */
export class ReplyError {
  constructor(readonly text: string) {}
}

/** Decodes RESP2 replies from a stream of chunks. */
export class ValueReader {
  private rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);

  /** Adds a chunk; returns the values that are complete now. @throws Error on what is not RESP2 */
  push(chunk: Uint8Array): Value[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const values: Value[] = [];
    let at = 0;
    for (;;) {
      const step = decode(this.rest, at);
      if (step === null) break;
      values.push(step.value);
      at = step.end;
    }
    this.rest = this.rest.subarray(at);
    return values;
  }
}

interface Step {
  value: Value;
  end: number;
}

/** The value that begins at `at`, null when it is not complete. */
function decode(bytes: Buffer, at: number): Step | null {
  const eol = bytes.indexOf('\r\n', at);
  if (eol < 0) return null;
  const line = bytes.toString('utf8', at + 1, eol);
  const end = eol + 2;
  switch (bytes[at]) {
    case 43:
      return { value: line, end };
    case 45:
      return { value: new ReplyError(line), end };
    case 58:
      return { value: Number(line), end };
    case 36: {
      const size = Number(line);
      if (size < 0) return { value: null, end };
      if (end + size + 2 > bytes.length) return null;
      return { value: bytes.toString('utf8', end, end + size), end: end + size + 2 };
    }
    case 42:
      return decodeArray(bytes, Number(line), end);
    default:
      throw new Error(`not a RESP2 reply: byte ${bytes[at]}`);
  }
}

function decodeArray(bytes: Buffer, count: number, at: number): Step | null {
  if (count < 0) return { value: null, end: at };
  const value: Value[] = [];
  for (let i = 0; i < count; i++) {
    const step = decode(bytes, at);
    if (step === null) return null;
    value.push(step.value);
    at = step.end;
  }
  return { value, end: at };
}

/** A reply, taken apart as far as checks need it. */
export type Reply =
  | { kind: 'line'; text: string }
  | { kind: 'bulk'; bytes: Buffer | null }
  | { kind: 'array'; items: Reply[] };

export interface Decoded {
  reply: Reply;
  end: number;
}

/**
 * The reply that begins at `at`. Written on its own, not with the proxy's framer, so that it can catch its errors.
 * @returns when it is not complete, the number of bytes that must be there for another attempt
 * @throws Error on what is no reply
 */
export function decode(bytes: Buffer, at: number): Decoded | number {
  const eol = bytes.indexOf('\r\n', at);
  if (eol < 0) return bytes.length + 1;
  const text = bytes.toString('latin1', at, eol);
  const size = Number(text.slice(1));
  let end = eol + 2;
  switch (text[0]) {
    case '+':
    case '-':
    case ':':
      return { reply: { kind: 'line', text }, end };
    case '_':
      return { reply: { kind: 'bulk', bytes: null }, end };
    case '$': {
      if (size < 0) return { reply: { kind: 'bulk', bytes: null }, end };
      if (end + size + 2 > bytes.length) return end + size + 2;
      if (bytes.toString('latin1', end + size, end + size + 2) !== '\r\n')
        throw new Error(`no CRLF after ${text}`);
      return { reply: { kind: 'bulk', bytes: bytes.subarray(end, end + size) }, end: end + size + 2 };
    }
    case '%':
    case '*': {
      const items: Reply[] = [];
      const count = text[0] === '%' ? 2 * size : size;
      while (items.length < count) {
        const item = decode(bytes, end);
        if (typeof item === 'number') return item;
        items.push(item.reply);
        end = item.end;
      }
      return { reply: { kind: 'array', items }, end };
    }
    default:
      throw new Error(`no reply: ${JSON.stringify(text.slice(0, 60))}`);
  }
}

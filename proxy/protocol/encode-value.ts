import { bulkReply, integerReply, nullReply } from './replies.ts';

/** A reply that the proxy makes up from parts. A set is one of flags, which Redis writes as status replies. */
export type ReplyValue =
  | string
  | number
  | Uint8Array
  | null
  | readonly ReplyValue[]
  | ReadonlyMap<string, ReplyValue>
  | ReadonlySet<string>;

/** A value as a reply in RESP2, where maps and sets are flat arrays, or RESP3. */
export function encodeValue(value: ReplyValue, protocol: number): Buffer {
  const pieces: Buffer[] = [];
  write(value, protocol === 3, pieces);
  return Buffer.concat(pieces);
}

function write(value: ReplyValue, resp3: boolean, pieces: Buffer[]): void {
  if (value === null) pieces.push(nullReply(resp3 ? 3 : 2));
  else if (typeof value === 'string' || value instanceof Uint8Array) pieces.push(bulkReply(value));
  else if (typeof value === 'number') pieces.push(integerReply(value));
  else if (value instanceof Map) {
    pieces.push(Buffer.from(resp3 ? `%${value.size}\r\n` : `*${value.size * 2}\r\n`));
    for (const [key, content] of value as ReadonlyMap<string, ReplyValue>) {
      pieces.push(bulkReply(key));
      write(content, resp3, pieces);
    }
  } else if (value instanceof Set) {
    const flags = [...value].map((flag) => `+${flag}\r\n`);
    pieces.push(Buffer.from(`${resp3 ? '~' : '*'}${flags.length}\r\n${flags.join('')}`));
  } else {
    const items = value as readonly ReplyValue[];
    pieces.push(Buffer.from(`*${items.length}\r\n`));
    for (const item of items) write(item, resp3, pieces);
  }
}

const LF = 10;

/** A reply with what it is made of, where the parts of several servers' replies become one. Not for the data path. */
export interface ReplyTree {
  /** All of it, as it came. */
  readonly bytes: Uint8Array;
  /** `*`, `%`, `$`, `:` … */
  readonly kind: string;
  /** Of an array, a set or a map (where keys and values take turns); empty for all others, and for nil. */
  readonly items: readonly ReplyTree[];
  /** Of a string, a status, an error or a number; empty for all others. */
  readonly text: string;
}

/** @param bytes one whole reply, well formed, in RESP2 or RESP3 */
export function replyTree(bytes: Uint8Array): ReplyTree {
  return treeAt(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), 0);
}

function treeAt(bytes: Buffer, from: number): ReplyTree {
  const behind = bytes.indexOf(LF, from) + 1;
  const kind = String.fromCharCode(bytes[from]);
  const line = bytes.toString('latin1', from + 1, behind - 2);
  if ('*%~>'.includes(kind)) {
    const items: ReplyTree[] = [];
    let end = behind;
    for (let left = Number(line) * (kind === '%' ? 2 : 1); left > 0; left--) {
      const item = treeAt(bytes, end);
      end += item.bytes.length;
      items.push(item);
    }
    return { bytes: bytes.subarray(from, end), kind, items, text: '' };
  }
  if ('$=!'.includes(kind) && Number(line) >= 0) {
    const end = behind + Number(line);
    const bulk = bytes.subarray(from, end + 2);
    return { bytes: bulk, kind, items: [], text: bytes.toString('latin1', behind, end) };
  }
  return { bytes: bytes.subarray(from, behind), kind, items: [], text: '$_'.includes(kind) ? '' : line };
}

/** Another text for what differs in more than the order of its parts. */
export function unordered({ bytes, items, kind }: ReplyTree): string {
  if (items.length === 0) return Buffer.from(bytes).toString('latin1');
  return `${kind}(${items.map(unordered).sort().join()})`;
}

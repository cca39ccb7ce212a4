import { nullReply } from './replies.ts';

/** A reply that the proxy makes up from parts. A set is one of flags, which Redis writes as status replies. */
export type ReplyValue =
  | string
  | number
  | Fraction
  | Uint8Array
  | null
  | readonly ReplyValue[]
  | ReadonlyMap<string, ReplyValue>
  | ReadonlySet<string>;

/** A number that need not be whole: RESP2 has none, and gets its digits as text. */
export class Fraction {
  constructor(readonly value: number) {}
}

/** A value as a reply in RESP2, where maps and sets are flat arrays, or RESP3. */
export function encodeValue(value: ReplyValue, protocol: number): Buffer {
  const encoder = new Encoder(protocol === 3);
  encoder.write(value);
  return encoder.whole();
}

/** Texts are put together as one: a buffer for each piece would cost many times what it holds. */
class Encoder {
  private readonly pieces: Uint8Array[] = [];
  private text = '';

  constructor(private readonly resp3: boolean) {}

  whole(): Buffer {
    this.endText();
    return this.pieces.length === 1 ? (this.pieces[0] as Buffer) : Buffer.concat(this.pieces);
  }

  private endText(): void {
    if (this.text !== '') this.pieces.push(Buffer.from(this.text));
    this.text = '';
  }

  write(value: ReplyValue): void {
    const { resp3 } = this;
    if (value === null) this.text += nullReply(resp3 ? 3 : 2).toString('latin1');
    else if (typeof value === 'string') this.bulk(value);
    else if (typeof value === 'number') this.text += `:${value}\r\n`;
    else if (value instanceof Fraction) {
      if (resp3) this.text += `,${value.value}\r\n`;
      else this.bulk(String(value.value));
    } else if (value instanceof Uint8Array) {
      this.text += `$${value.length}\r\n`;
      this.endText();
      this.pieces.push(value);
      this.text = '\r\n';
    } else if (value instanceof Map) {
      this.text += resp3 ? `%${value.size}\r\n` : `*${value.size * 2}\r\n`;
      for (const [key, content] of value as ReadonlyMap<string, ReplyValue>) {
        this.bulk(key);
        this.write(content);
      }
    } else if (value instanceof Set) {
      const flags = [...value].map((flag) => `+${flag}\r\n`);
      this.text += `${resp3 ? '~' : '*'}${flags.length}\r\n${flags.join('')}`;
    } else {
      const items = value as readonly ReplyValue[];
      this.text += `*${items.length}\r\n`;
      for (const item of items) this.write(item);
    }
  }

  private bulk(text: string): void {
    this.text += `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
  }
}

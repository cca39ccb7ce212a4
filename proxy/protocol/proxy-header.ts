/**
 * The header of PROXY protocol version 2, by which whoever passes a connection on says whose it is
 * (https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt, section 2.2).
 */

/** What the first bytes of a connection are. */
export type HeaderReading =
  /** None: they are the sender's own. */
  | { readonly kind: 'none' }
  /** None yet: they may become one. */
  | { readonly kind: 'more' }
  | { readonly kind: 'bad'; readonly fault: string }
  /** `end` is where it ends; `source` whose connection it is, `address:port`, or null: the sender's own. */
  | { readonly kind: 'done'; readonly end: number; readonly source: string | null };

const SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
/** How a header of version 1 begins, which is a line of text. */
const VERSION_1 = Buffer.from('PROXY ');
/** Signature, version and command, family and transport, length of the rest. */
const FIXED = 16;
/** Longest header: addresses take 36 bytes, what may stand behind them (TLVs, which are passed over) some hundreds. */
const LONGEST = 4096;

const LOCAL = 0;
const PROXY = 1;
/** A family and a stream, as one byte: neither, IPv4, IPv6, unix. */
const UNSPECIFIED = 0x00;
const TCP4 = 0x11;
const TCP6 = 0x21;
const UNIX = 0x31;
/** Bytes of both addresses and, of TCP, both ports. */
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [UNSPECIFIED, 0],
  [TCP4, 12],
  [TCP6, 36],
  [UNIX, 216],
]);

const NONE: HeaderReading = { kind: 'none' };
const MORE: HeaderReading = { kind: 'more' };

/** @param bytes all that has come on the connection so far */
export function readProxyHeader(bytes: Uint8Array): HeaderReading {
  const { length } = bytes;
  if (beginsLike(bytes, VERSION_1))
    return length < VERSION_1.length ? MORE : bad('has version 1, and only 2 is taken');
  if (!beginsLike(bytes, SIGNATURE)) return NONE;
  if (length <= SIGNATURE.length) return MORE;
  const version = bytes[12] >> 4;
  const command = bytes[12] & 15;
  if (version !== 2) return bad(`has version ${version}, and only 2 is taken`);
  if (command !== LOCAL && command !== PROXY) return bad(`has the unknown command ${command}`);
  if (length < FIXED) return MORE;
  const end = FIXED + (bytes[14] << 8) + bytes[15];
  if (end > LONGEST) return bad(`says that it has ${end} bytes, and ${LONGEST} are taken at most`);
  const needed = command === LOCAL ? 0 : ADDRESS_BYTES.get(bytes[13]);
  if (needed === undefined) return bad(`has the unknown address family 0x${hex(bytes[13])}`);
  if (end < FIXED + needed) return bad(`says that it has ${end} bytes, and ${FIXED + needed} are needed`);
  if (length < end) return MORE;
  return { kind: 'done', end, source: command === LOCAL ? null : sourceOf(bytes) };
}

const bad = (fault: string): HeaderReading => ({ kind: 'bad', fault });

/** Whether these bytes begin with a text, as far as they go. */
function beginsLike(bytes: Uint8Array, text: Uint8Array): boolean {
  const most = Math.min(bytes.length, text.length);
  for (let i = 0; i < most; i++) if (bytes[i] !== text[i]) return false;
  return true;
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const number16 = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) + bytes[at + 1];

function sourceOf(bytes: Uint8Array): string | null {
  if (bytes[13] === TCP4) return `${bytes.subarray(16, 20).join('.')}:${number16(bytes, 24)}`;
  if (bytes[13] === TCP6) return `${ipv6(bytes.subarray(16, 32))}:${number16(bytes, 48)}`;
  return null;
}

/** As RFC 5952 writes it, and one that stands for an IPv4 address as that. */
function ipv6(bytes: Uint8Array): string {
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && number16(bytes, 10) === 0xffff;
  if (isMapped) return bytes.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => number16(bytes, 2 * i).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

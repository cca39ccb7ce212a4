import { REPLY_BAD, REPLY_DONE, ReplyFramer } from '../../../proxy/protocol/reply-framer.ts';

/** What a client was told in one step. */
export interface Told {
  readonly replies: readonly string[];
  /** Messages of channels, in their order; from several servers, in that of each. */
  readonly messages: readonly string[];
  /** Keys whose cached values are out of date, each once and in no order; `EVERYTHING` for all. */
  readonly invalidated: readonly string[];
}

export const EVERYTHING = 'everything';

const MESSAGE = /^[*>][34]\r\n\$\d+\r\n[ps]?message\r\n/;
const INVALIDATION = /^>2\r\n\$10\r\ninvalidate\r\n/;
const UNSUBSCRIBED = /^([*>]3\r\n\$\d+\r\n[ps]?unsubscribe\r\n)(?:\$-1|_|\$\d+\r\n([^\r]*))\r\n(:\d+\r\n)$/;
/** Of HELLO: every server calls its clients something else. */
const OWN_ID = /(\$2\r\nid\r\n):\d+/;

/** Of CLIENT INFO: what is about the connection or the memory of a server. */
const OWN_INFO =
  / (addr|laddr|fd|age|idle|qbuf|qbuf-free|argv-mem|multi-mem|rbs|rbp|obl|oll|omem|tot-mem)=\S*/g;
/** What the proxy has of Redis 7.2 already. */
const LATER_INFO = / (lib-name|lib-ver)=\S*/g;
/** Whether what is watched has changed is known to the server alone. */
const DIRTY = /( flags=\w*)d/;

function withoutOwn(reply: string): string {
  const text = reply.replace(OWN_ID, '$1:N');
  if (!/^[$=]\d+\r\n(txt:)?id=\d+ addr=/.test(text)) return text;
  return text
    .replace(/^(.)\d+(\r\n(?:txt:)?id)=\d+/, '$1N$2')
    .replace(OWN_INFO, '')
    .replace(LATER_INFO, '')
    .replace(DIRTY, '$1');
}

/** Cuts bytes into replies; the rest is the beginning of one. @throws Error on what is no reply */
export function cut(bytes: Buffer): { whole: Buffer[]; rest: Buffer } {
  const framer = new ReplyFramer();
  const whole: Buffer[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const before = at;
    at = framer.next(bytes, at, bytes.length);
    if (framer.status === REPLY_BAD)
      throw new Error(`no reply: ${JSON.stringify(bytes.toString('latin1', before, before + 80))}`);
    if (framer.status !== REPLY_DONE) break;
    whole.push(bytes.subarray(from, at));
    from = at;
  }
  return { whole, rest: bytes.subarray(from) };
}

/**
 * Replies and messages, each in their order: a client that hears what it publishes itself may hear it behind the reply to
 * PUBLISH, for it comes over another connection of the proxy (docs/differences.md).
 */
export function tell(whole: readonly Buffer[]): Told {
  const all = whole.map((reply) => withoutOwn(reply.toString('latin1')));
  const isPush = (reply: string): boolean => MESSAGE.test(reply) || INVALIDATION.test(reply);
  const invalidated = all.filter((reply) => INVALIDATION.test(reply)).flatMap(invalidatedBy);
  return {
    replies: withoutOrder(all.filter((reply) => !isPush(reply))),
    messages: byHome(all.filter((reply) => MESSAGE.test(reply))),
    invalidated: [...new Set(invalidated)].sort(),
  };
}

function invalidatedBy(push: string): string[] {
  const keys = push.replace(INVALIDATION, '');
  return keys === '_\r\n' ? [EVERYTHING] : [...keys.matchAll(/\$\d+\r\n([^\r]*)/g)].map(([, key]) => key);
}

/** What two servers say comes in no order. */
function byHome(messages: readonly string[]): string[] {
  const homeOf = (message: string): string => /\{(\w)\}(?:news|other)\r\n/.exec(message)?.[1] ?? '';
  return [...messages].sort((one, other) => homeOf(one).localeCompare(homeOf(other)));
}

/** UNSUBSCRIBE without a name ends what there is in an order of Redis' own: names are sorted, counts are not. */
function withoutOrder(replies: readonly string[]): string[] {
  const names = replies.flatMap((reply) => UNSUBSCRIBED.exec(reply)?.[2] ?? []).sort();
  return replies.map((reply) => {
    const [, head, name, count] = UNSUBSCRIBED.exec(reply) ?? [];
    return name === undefined ? reply : `${head}${names.shift()}\r\n${count}`;
  });
}

import { errorReply } from '../../protocol/replies.ts';

const all = new WeakSet<Uint8Array>();

/** The reply to a write of which nobody knows whether it was carried out, or whether it stays so. */
export function unknownOutcome(text: string): Uint8Array {
  const reply = errorReply(text);
  all.add(reply);
  return reply;
}

/** Whether a reply, the very one and no copy of it, says that. */
export function isUnknownOutcome(reply: Uint8Array): boolean {
  return all.has(reply);
}

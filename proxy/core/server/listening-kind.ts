import type { Owner } from '../base/receiver.ts';

/** What is listened to, by the command that begins it: channels, patterns, or shard channels. */
export type ListeningKind = 'subscribe' | 'psubscribe' | 'ssubscribe';

export const KINDS: readonly ListeningKind[] = ['subscribe', 'psubscribe', 'ssubscribe'];

/** The command that ends it. */
export const OPPOSITES: Readonly<Record<ListeningKind, string>> = {
  subscribe: 'unsubscribe',
  psubscribe: 'punsubscribe',
  ssubscribe: 'sunsubscribe',
};

/** Who listens. */
export interface Subscriber {
  readonly owner: Owner;
  /** A message as RESP2 has it is `buffer[from, to)`; the bytes are the listener's to change and keep. */
  onMessage(buffer: Uint8Array, from: number, to: number): void;
  /** So many bytes of an unfinished message are kept, or (negative) not any more. */
  arriving(bytes: number): void;
  /** It cannot be listened any more. */
  onOver(why: string): void;
}

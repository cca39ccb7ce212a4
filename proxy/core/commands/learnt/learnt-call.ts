import type { Owner, Receiver } from '../../base/receiver.ts';
import type { Session } from '../session.ts';

const UNKNOWN = Buffer.from('-ERR unknown command ');

/** Gives on what a server answers to a command that was learnt from the servers, and notes when one has not got that any more. */
export class LearntCall implements Receiver {
  readonly owner: Owner;

  constructor(private readonly session: Session) {
    this.owner = session;
  }

  reply(tag: number, chunk: Uint8Array, from: number, to: number): void {
    if (UNKNOWN.every((byte, i) => chunk[from + i] === byte)) this.session.routing.learnt.deny();
    this.session.reply(tag, chunk, from, to);
  }

  replyInParts(tag: number, parts: Uint8Array[]): void {
    this.session.replyInParts(tag, parts);
  }

  arriving(tag: number, bytes: number): void {
    this.session.arriving(tag, bytes);
  }

  canStream(tag: number): boolean {
    return this.session.canStream(tag);
  }

  stream(chunk: Uint8Array, from: number, to: number): void {
    this.session.stream(chunk, from, to);
  }

  streamed(tag: number): void {
    this.session.streamed(tag);
  }

  fail(tag: number, text: Uint8Array): void {
    this.session.fail(tag, text);
  }

  abort(): void {
    this.session.abort();
  }
}

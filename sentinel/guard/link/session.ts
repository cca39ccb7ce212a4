import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/*
 * How guards know each other: both prove that they hold the stack's secret without sending it, and every line after
 * that carries a code over its direction, its number and its text. Nothing in it is secret; nothing can be forged,
 * repeated or left out.
 *
 *   client: twemstack-guard NAME NONCE     server: NONCE PROOF     client: PROOF     both: CODE JSON …
 */

/** Lines of a stranger may be this long, and those of a peer that. Bytes. */
export const LONGEST_GREETING = 256;
export const LONGEST_LINE = 64 * 1024;

const GREETING = /^twemstack-guard ([A-Za-z0-9_.-]{1,80}) ([0-9a-f]{32})$/;
const ANSWER = /^([0-9a-f]{32}) ([0-9a-f]{64})$/;

export const newNonce = (): string => randomBytes(16).toString('hex');

const code = (key: string | Buffer, ...parts: string[]): Buffer =>
  createHmac('sha256', key).update(parts.join('\n')).digest();

/** Names and nonces of both sides; a proof covers them all. */
export interface Parties {
  readonly client: string;
  readonly server: string;
  readonly clientNonce: string;
  readonly serverNonce: string;
}

const words = ({ client, server, clientNonce, serverNonce }: Parties): string[] => [
  client,
  server,
  clientNonce,
  serverNonce,
];

export const serverProof = (secret: string, parties: Parties): string =>
  code(secret, 'server', ...words(parties)).toString('hex');
export const clientProof = (secret: string, parties: Parties): string =>
  code(secret, 'client', ...words(parties)).toString('hex');

export const greeting = (name: string, nonce: string): string => `twemstack-guard ${name} ${nonce}\n`;

export function parseGreeting(line: string): { name: string; nonce: string } | undefined {
  const match = GREETING.exec(line);
  return match === null ? undefined : { name: match[1], nonce: match[2] };
}

export function parseAnswer(line: string): { nonce: string; proof: string } | undefined {
  const match = ANSWER.exec(line);
  return match === null ? undefined : { nonce: match[1], proof: match[2] };
}

export function isProof(given: string, right: string): boolean {
  return given.length === right.length && timingSafeEqual(Buffer.from(given), Buffer.from(right));
}

/** The lines of one direction after the greeting. */
export class Sealer {
  private readonly key: Buffer;
  private count = 0;

  constructor(
    secret: string,
    parties: Parties,
    private readonly direction: 'question' | 'answer',
  ) {
    this.key = code(secret, 'lines', ...words(parties));
  }

  seal(value: unknown): string {
    const text = JSON.stringify(value);
    return `${this.next(text)} ${text}\n`;
  }

  /** @throws Error when the line is not the next one of the other side */
  open(line: string): unknown {
    const [given, text] = [line.slice(0, 32), line.slice(33)];
    if (!isProof(given, this.next(text))) throw new Error('a line of somebody else');
    return JSON.parse(text);
  }

  private next(text: string): string {
    return code(this.key, this.direction, String(this.count++), text)
      .toString('hex')
      .slice(0, 32);
  }
}

/** Splits what arrives into lines. @throws Error when one is too long */
export class LineReader {
  private rest = '';

  push(chunk: Buffer, longest: number): string[] {
    const lines = (this.rest + chunk.toString('utf8')).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > longest || lines.some((line) => line.length > longest))
      throw new Error('a line is too long');
    return lines;
  }
}

import { createConnection, type Socket } from 'node:net';
import {
  clientProof,
  greeting,
  isProof,
  LineReader,
  LONGEST_GREETING,
  LONGEST_LINE,
  newNonce,
  type Parties,
  parseAnswer,
  Sealer,
  serverProof,
} from './session.ts';

/** Who is asked, and as whom. */
export interface LinkTarget {
  readonly name: string;
  readonly address: string;
  readonly guardPort: number;
}

interface Waiting {
  readonly done: (answer: unknown) => void;
  readonly failed: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** One connection to another guard; it connects when asked, and again after it ended. */
export class GuardLink {
  private socket: Socket | undefined;
  private sealer: Sealer | undefined;
  private opener: Sealer | undefined;
  private unsent: unknown[] = [];
  private readonly waiting: Waiting[] = [];

  constructor(
    readonly target: LinkTarget,
    private readonly self: { readonly name: string; readonly address?: string },
    private readonly secrets: () => readonly string[],
  ) {}

  /** The answer to one question. @throws Error when there is none in time */
  ask(question: unknown, patienceMs: number): Promise<unknown> {
    return new Promise((done, failed) => {
      const timer = setTimeout(() => this.end(`no answer within ${patienceMs} ms`), patienceMs);
      this.waiting.push({ done, failed, timer });
      if (this.sealer !== undefined) this.socket?.write(this.sealer.seal(question));
      else {
        this.unsent.push(question);
        if (this.socket === undefined) this.connect();
      }
    });
  }

  close(): void {
    this.end('closed');
  }

  private connect(): void {
    const { address: host, guardPort: port } = this.target;
    const socket = createConnection({ host, port, noDelay: true, localAddress: this.self.address });
    this.socket = socket;
    const reader = new LineReader();
    const nonce = newNonce();
    const end = (reason: string): void => {
      if (this.socket === socket) this.end(reason);
    };
    socket.write(greeting(this.self.name, nonce));
    socket.on('error', (error) => end(error.message));
    socket.on('close', () => end('the connection was closed'));
    socket.on('data', (chunk) => {
      try {
        const lines = reader.push(chunk, this.sealer === undefined ? LONGEST_GREETING : LONGEST_LINE);
        for (const line of lines) if (this.socket === socket) this.take(line, nonce);
      } catch (error) {
        end((error as Error).message);
      }
    });
  }

  private take(line: string, clientNonce: string): void {
    if (this.opener !== undefined) {
      const first = this.waiting.shift();
      if (first === undefined) throw new Error('an answer to nothing');
      clearTimeout(first.timer);
      first.done(this.opener.open(line));
      return;
    }
    const answer = parseAnswer(line);
    if (answer === undefined) throw new Error('no guard of twemstack');
    const parties: Parties = {
      client: this.self.name,
      server: this.target.name,
      clientNonce,
      serverNonce: answer.nonce,
    };
    // While a password is being changed the other side may use the one that is only good here as well.
    const secret = this.secrets().find((each) => isProof(answer.proof, serverProof(each, parties)));
    if (secret === undefined) throw new Error('it does not hold our secret');
    const sealer = new Sealer(secret, parties, 'question');
    this.sealer = sealer;
    this.opener = new Sealer(secret, parties, 'answer');
    this.socket?.write(`${clientProof(secret, parties)}\n`);
    for (const question of this.unsent.splice(0)) this.socket?.write(sealer.seal(question));
  }

  private end(reason: string): void {
    this.socket?.destroy();
    this.socket = undefined;
    this.sealer = undefined;
    this.opener = undefined;
    this.unsent = [];
    for (const { failed, timer } of this.waiting.splice(0)) {
      clearTimeout(timer);
      failed(new Error(reason));
    }
  }
}

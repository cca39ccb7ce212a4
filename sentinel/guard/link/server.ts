import { createServer, type Server, type Socket } from 'node:net';
import {
  clientProof,
  isProof,
  LineReader,
  LONGEST_GREETING,
  LONGEST_LINE,
  newNonce,
  type Parties,
  parseGreeting,
  Sealer,
  serverProof,
} from './session.ts';
import { silentMaster } from './silent-master.ts';

/** Connections of people who have not proved anything yet, and altogether. */
const MOST_STRANGERS = 16;
const MOST_CONNECTIONS = 64;
/** For the greeting. Milliseconds. */
const GREETING_MS = 1500;

export interface GuardServerOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Addresses of the other members, which always get a connection. */
  readonly peers: readonly string[];
  /** Secrets that are good now. */
  readonly secrets: () => readonly string[];
  /** Answers a question of somebody who holds a secret. */
  readonly answer: (from: string, question: unknown) => Promise<unknown>;
}

/** Where other guards ask, and where the own redis finds a master that says nothing. */
export class GuardServer {
  private readonly server: Server;
  private strangers = 0;

  constructor(private readonly options: GuardServerOptions) {
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket));
    this.server.maxConnections = MOST_CONNECTIONS;
  }

  /** @throws Error when the port is taken: a guard that ends still has it */
  listen(): Promise<void> {
    return new Promise((done, failed) => {
      this.server.once('error', failed);
      this.server.listen(this.options.port, this.options.address, () => {
        this.server.off('error', failed);
        done();
      });
    });
  }

  private accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const from = socket.remoteAddress ?? '';
    let known = this.options.peers.includes(from);
    if (!known && this.strangers >= MOST_STRANGERS) {
      socket.destroy();
      return;
    }
    if (!known) this.strangers++;
    const became = (): void => {
      if (!known) this.strangers--;
      known = true;
      clearTimeout(timer);
    };
    const timer = setTimeout(() => socket.destroy(), GREETING_MS);
    socket.once('close', became);
    socket.once('data', (first) => {
      // A greeting begins with a letter, a request of Redis' with an asterisk.
      if (first[0] === '*'.charCodeAt(0)) {
        if (from !== this.options.address && !from.startsWith('127.')) socket.destroy();
        became();
        if (!socket.destroyed) silentMaster(socket, first);
      } else this.converse(socket, first, became);
    });
  }

  private converse(socket: Socket, first: Buffer, onKnown: () => void): void {
    const reader = new LineReader();
    const dialogue = new Dialogue(socket, this.options, onKnown);
    const take = (chunk: Buffer): void => {
      try {
        const lines = reader.push(chunk, dialogue.proved ? LONGEST_LINE : LONGEST_GREETING + LONGEST_LINE);
        for (const line of lines) dialogue.take(line);
      } catch {
        socket.destroy();
      }
    };
    take(first);
    socket.on('data', take);
  }
}

/** One client: greeting, proof, questions. Any fault of its ends it. */
class Dialogue {
  proved = false;
  private parties: Parties | undefined;
  private opener: Sealer | undefined;
  private sealer: Sealer | undefined;
  private answers: Promise<void> = Promise.resolve();
  private pending = 0;

  constructor(
    private readonly socket: Socket,
    private readonly options: GuardServerOptions,
    private readonly onProved: () => void,
  ) {}

  take(line: string): void {
    if (this.parties === undefined) this.greet(line);
    else if (!this.proved) this.check(line, this.parties);
    else this.ask(this.opener?.open(line));
  }

  private greet(line: string): void {
    const greeted = parseGreeting(line);
    if (greeted === undefined) throw new Error('no greeting');
    const serverNonce = newNonce();
    this.parties = {
      client: greeted.name,
      server: this.options.name,
      clientNonce: greeted.nonce,
      serverNonce,
    };
    this.socket.write(`${serverNonce} ${serverProof(this.options.secrets()[0], this.parties)}\n`);
  }

  private check(line: string, parties: Parties): void {
    const secret = this.options.secrets().find((each) => isProof(line, clientProof(each, parties)));
    if (secret === undefined) throw new Error('no proof');
    this.proved = true;
    this.onProved();
    this.opener = new Sealer(secret, parties, 'question');
    this.sealer = new Sealer(secret, parties, 'answer');
  }

  /** In order, and no more at once than anybody of ours asks. */
  private ask(question: unknown): void {
    if (++this.pending > 32) throw new Error('too many questions');
    this.answers = this.answers
      .then(async () => {
        const answer = await this.options.answer(this.parties?.client ?? '', question);
        this.pending--;
        if (!this.socket.destroyed) this.socket.write(this.sealer?.seal(answer) ?? '');
      })
      .catch(() => {
        // What could not be answered looks to the other side like a guard that is not there.
        this.socket.destroy();
      });
  }
}

import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '../../scripts/chance.ts';
import { Conversation } from './conversation.ts';
import { ERRORS, ERRORS_OF_SPLIT } from './soak-errors.ts';

/** A pipeline that is not answered after this long never will be. */
const PATIENCE_MS = 20_000;
const MIB = 1024 * 1024;

/** Mostly small values, one in ten takes several reads, one in a hundred is up to 1 MiB. */
function size(chance: Chance): number {
  const kind = chance(100);
  if (kind === 0) return chance(MIB + 1);
  return chance(kind < 10 ? 40_000 : 200);
}

/** One client: pipelines of all sizes, at times slow to read, at times gone in the middle. */
export class SoakClient {
  readonly conversation: Conversation;
  disconnects = 0;
  private socket: Socket | null = null;
  private wrong: Error | null = null;

  constructor(
    private readonly name: string,
    private readonly port: number,
    private readonly chance: Chance,
    private readonly resp3: boolean,
  ) {
    this.conversation = new Conversation(name, chance, {
      size,
      errors: ERRORS,
      errorsOfSplit: ERRORS_OF_SPLIT,
      revenants: 'unanswered',
      modes: true,
    });
  }

  /** Talks until told to stop. @throws Error on a wrong reply, or when one does not come */
  async run(stopped: () => boolean): Promise<void> {
    const { chance, conversation } = this;
    while (!stopped()) {
      const count = chance(3) === 0 ? chance(60) : 1 + chance(4);
      await this.send(() => Buffer.concat(Array.from({ length: count }, () => conversation.next())));
      if (chance(10) === 0) await this.dawdle();
      if (chance(25) === 0) this.disconnect();
      else await this.answered();
    }
  }

  /** Reads everything it ever wrote. */
  async finish(): Promise<void> {
    await this.send(() => this.conversation.readAll());
    await this.answered();
    this.socket?.destroy();
  }

  /** @param make called when there is a connection, whose greeting comes first */
  private async send(make: () => Buffer): Promise<void> {
    this.socket ??= await this.connect();
    this.socket.write(make());
  }

  private connect(): Promise<Socket> {
    return new Promise((done, fail) => {
      const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true }, () => {
        if (this.resp3) socket.write(this.conversation.greet());
        done(socket);
      });
      socket.once('error', fail);
      socket.on('data', (chunk) => {
        if (socket !== this.socket || this.wrong !== null) return;
        try {
          this.conversation.receive(chunk);
        } catch (error) {
          this.wrong = error as Error;
        }
      });
      socket.on('close', () => {
        if (socket === this.socket) this.disconnect();
      });
    });
  }

  private disconnect(): void {
    this.disconnects++;
    const { socket } = this;
    this.socket = null;
    socket?.destroy();
    this.conversation.lost();
  }

  private async dawdle(): Promise<void> {
    this.socket?.pause();
    await sleep(this.chance(150));
    this.socket?.resume();
  }

  private async answered(): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    while (this.conversation.open > 0 && this.wrong === null) {
      if (Date.now() > until) throw new Error(`${this.name} waits for ${this.conversation.open} answers`);
      await sleep(2);
    }
    if (this.wrong !== null) throw this.wrong;
  }
}

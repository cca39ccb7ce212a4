import type { LinkOwner } from '../../proxy/transport/link.ts';
import type { MemoryLink } from '../../proxy/transport/memory.ts';
import type { Chance } from '../../scripts/chance.ts';
import { Conversation, type Rules } from './conversation.ts';
import type { FuzzScene } from './scene.ts';

/** Mostly small values, now and then one that takes the proxy's ways for large ones. */
function size(chance: Chance): number {
  return chance(40) === 0 ? chance(200_000) : chance(200);
}

/** A conversation over the in-memory network; comes back with a new connection when the old one was closed. */
export class FuzzClient implements LinkOwner {
  readonly conversation: Conversation;
  private link: MemoryLink;
  private password: string | null = null;

  constructor(
    name: string,
    private readonly scene: FuzzScene,
    private readonly chance: Chance,
    private readonly rules: Omit<Rules, 'size'>,
  ) {
    this.conversation = new Conversation(name, chance, { ...rules, size });
    this.link = this.connect();
  }

  private connect(): MemoryLink {
    // sometimes a narrow pipe, so that writes come back short
    const capacity = this.chance(3) === 0 ? 500 + this.chance(5000) : Number.POSITIVE_INFINITY;
    return this.scene.connect(this, capacity);
  }

  login(password: string): void {
    this.password = password;
    this.send(this.conversation.login(password));
  }

  ask(count: number): void {
    for (let i = 0; i < count; i++) this.send(this.conversation.next());
  }

  readAll(): void {
    this.send(this.conversation.readAll());
  }

  leave(): void {
    this.link.close();
    this.conversation.lost();
  }

  private send(bytes: Uint8Array): void {
    this.link.write(bytes, 0, bytes.length);
  }

  onBytes(chunk: Uint8Array): void {
    this.conversation.receive(chunk);
  }

  onWritable(): void {}

  onEnd(): void {
    this.onClosed();
  }

  /** The proxy closes a client only when a reply broke off after its beginning was passed on. */
  onClosed(): void {
    if (this.rules.errors === null) throw new Error(`${this.conversation.name} was closed for no reason`);
    this.conversation.lost();
    this.link = this.connect();
    if (this.password !== null) this.login(this.password);
  }
}

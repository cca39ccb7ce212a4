import { formatAddress } from '../../config/addresses.ts';
import type { Address } from '../../config/pool.ts';
import { ServerConnection } from './connection.ts';
import type { Lane } from './lane.ts';
import { PoolServer, type ReadReplicas, type ReplicaServer, type ServerContext } from './server.ts';

/**
 * A connection to a replica. Nothing fails on it: what is not answered here is asked of the master, and waits there like
 * everything else if that is away.
 */
class ReplicaConnection extends ServerConnection {
  constructor(
    private readonly replica: Replica,
    lane: Lane,
    isShared: boolean,
  ) {
    super(replica, lane, isShared);
  }

  protected override giveUp(): void {
    this.replies.breakOff();
    const unanswered = this.queue.detachAll();
    if (unanswered.length > 0) this.replica.master.pick(this.lane).adopt(unanswered);
  }

  /** Closes the socket at once; what is under way goes to the master. */
  leave(): void {
    this.drop();
    this.giveUp();
  }
}

/** One replica of a server. */
export class Replica extends PoolServer {
  constructor(
    readonly master: PoolServer,
    readonly place: string,
    address: Address,
    context: ServerContext,
    slowAbove: number,
  ) {
    const name = `${master.name} (replica ${place})`;
    super(master.index, { ...master.entry, name, address }, context, slowAbove, false);
  }

  protected override newConnection(lane: Lane, isShared: boolean): ServerConnection {
    return new ReplicaConnection(this, lane, isShared);
  }

  /** True for every error that a master would not give; the master is asked then. */
  override errorIsFailure(buffer: Uint8Array, from: number, to: number): boolean {
    const text = Buffer.from(buffer.subarray(from, Math.min(to, from + 12))).toString('latin1');
    return /^-(LOADING|MASTERDOWN|READONLY|BUSY) /.test(text);
  }

  leave(): void {
    for (const connection of this.all) (connection as ReplicaConnection).leave();
  }
}

/** The replicas of one server that may be read from now, in turn; whoever watches them says which. */
export class Replicas implements ReadReplicas {
  private usable: Replica[] = [];
  private readonly known = new Map<string, Replica>();
  private next = 0;

  constructor(
    private readonly master: PoolServer,
    private readonly context: ServerContext,
    private readonly slowAbove: number,
  ) {}

  /** Every replica that was ever read from. */
  get all(): Replica[] {
    return [...this.known.values()];
  }

  isUsable(replica: ReplicaServer): boolean {
    return this.usable.some((each) => each === replica);
  }

  /** Whose turn it is; null when none may be read from. */
  take(): Replica | null {
    const { usable } = this;
    if (usable.length === 0) return null;
    if (this.next >= usable.length) this.next = 0;
    return usable[this.next++];
  }

  /** Reads from these from now on. The others are left at once, with what they have not answered. */
  use(addresses: readonly Address[]): void {
    const before = this.usable;
    this.usable = addresses.map((address) => this.replicaAt(address));
    for (const replica of before) if (!this.usable.includes(replica)) replica.leave();
  }

  close(): void {
    this.usable = [];
    for (const replica of this.all) replica.close();
  }

  private replicaAt(address: Address): Replica {
    const place = formatAddress(address);
    const known = this.known.get(place);
    if (known !== undefined) return known;
    const { budget, config, loop, scripts, transport } = this.context;
    const context: ServerContext = {
      budget,
      config,
      loop,
      scripts,
      transport,
      watchTimeouts: () => this.context.watchTimeouts(),
      // one that fails is not read from until it has been looked at again
      onFailure: (failed) => {
        this.usable = this.usable.filter((each) => each !== failed);
      },
      onDemoted: () => {},
      onSlow: (server, command, milliseconds) => this.context.onSlow(server, command, milliseconds),
      warn: (text) => this.context.warn(text),
    };
    const replica = new Replica(this.master, place, address, context, this.slowAbove);
    this.known.set(place, replica);
    return replica;
  }
}

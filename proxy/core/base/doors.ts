import type { PoolConfig } from '../../config/pool.ts';
import type { Link, LinkOwner, Listener, ListenOptions, Transport } from '../../transport/link.ts';

/** Who takes the clients that connect. */
export interface Host {
  accept(link: Link): LinkOwner;
}

/** What a pool listens on without TLS, and how. */
export function plainOptions(config: PoolConfig): ListenOptions {
  const { listen: address, backlog, reusePort, tcpKeepalive, clientUnreadTimeout } = config;
  return { address, backlog, reusePort, keepAlive: tcpKeepalive, takeTimeout: clientUnreadTimeout };
}

/** A listener, and whose clients come through it. */
export class Door {
  private constructor(
    /** Says the same of what is listened on in the same way; null with TLS, whose certificates are the pool's own. */
    readonly key: string | null,
    private host: Host,
  ) {}

  private listener: Listener | undefined;

  /** @throws an Error with `code` when the address cannot be had */
  static async open(transport: Transport, options: ListenOptions, host: Host): Promise<Door> {
    const door = new Door(options.tls === undefined ? keyOf(options) : null, host);
    door.listener = await transport.listen(options, (link) => door.host.accept(link));
    return door;
  }

  /** Whoever connects from now on is this one's client. */
  leadTo(host: Host): void {
    this.host = host;
  }

  renewCertificates(): void {
    this.listener?.renewCertificates();
  }

  close(): void {
    this.listener?.close();
  }
}

const keyOf = (options: ListenOptions): string => JSON.stringify(options);

/**
 * Listeners on their way from one pool to another: at a reload the next pool goes on where the one before has listened. If it
 * were closed and opened again, whoever connects in between would be refused.
 */
export class OpenDoors {
  private readonly doors = new Map<string, Door>();
  private readonly wanted: ReadonlySet<string>;

  /** @param configs of those that will listen; what none of them wants is closed at once, for it may be in the way of another */
  constructor(configs: readonly PoolConfig[]) {
    this.wanted = new Set(configs.map((config) => keyOf(plainOptions(config))));
  }

  /** Keeps a door for who wants it, and lets whoever comes meanwhile in as before; or closes it. */
  offer(door: Door): void {
    if (door.key !== null && this.wanted.has(door.key)) this.doors.set(door.key, door);
    else door.close();
  }

  /** The door on which is listened like this already, from now on the caller's; undefined when there is none. */
  take(options: ListenOptions): Door | undefined {
    const key = keyOf(options);
    const door = options.tls === undefined ? this.doors.get(key) : undefined;
    this.doors.delete(key);
    return door;
  }

  /** Offers what nobody took to others. */
  passOn(to: OpenDoors): void {
    for (const door of this.doors.values()) to.offer(door);
    this.doors.clear();
  }
}

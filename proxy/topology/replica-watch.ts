import { formatAddress } from '../config/addresses.ts';
import type { Pool } from '../core/pool.ts';
import type { PoolServer } from '../core/server/server.ts';
import type { Value } from '../protocol/reply-values.ts';
import { AskingConnection, serverAccess } from './asking-connection.ts';
import { type Place, samePlace } from './decide.ts';
import { isMember } from './membership.ts';
import { LOOK, mayRead, parseReplication, type ReplicationView } from './readable.ts';

/** Somebody who is asked for INFO replication again and again. */
class Asked {
  view: ReplicationView | undefined;
  private connection: AskingConnection | null = null;

  constructor(
    readonly place: Place,
    private readonly pool: Pool,
    private readonly onView: (view: ReplicationView) => void,
    private readonly onLost: () => void,
  ) {}

  ask(): void {
    this.connection ??= new AskingConnection(
      serverAccess(this.place, this.pool.config),
      () => {},
      () => {
        this.connection = null;
        this.view = undefined;
        this.onLost();
      },
    );
    this.connection.request(['INFO', 'replication'], (reply) => this.onReply(reply));
  }

  private onReply(reply: Value): void {
    if (typeof reply !== 'string') return;
    this.view = parseReplication(reply, performance.now());
    this.onView(this.view);
  }

  close(): void {
    this.connection?.close();
    this.connection = null;
  }
}

/** Keeps one server's replicas: finds them, and says which may be read from now. */
class ServerReplicas {
  private master: Asked | null = null;
  /** What the master said, oldest first, as far back as a replica may be behind. */
  private said: ReplicationView[] = [];
  private readonly replicas = new Map<string, Asked>();
  private shown = '';

  constructor(
    private readonly server: PoolServer,
    private readonly pool: Pool,
    private readonly log: (text: string) => void,
  ) {}

  look(): void {
    const { address, mustWait } = this.server;
    if (address.kind !== 'tcp') return;
    if (mustWait || (this.master !== null && !samePlace(this.master.place, address))) this.close();
    if (mustWait) return;
    this.master ??= new Asked(
      address,
      this.pool,
      (view) => this.onMaster(view),
      () => {},
    );
    this.master.ask();
    for (const replica of this.replicas.values()) replica.ask();
    this.decide();
  }

  private onMaster(view: ReplicationView): void {
    const { replicaMaxLag } = this.pool.config;
    this.said = [...this.said.filter(({ at }) => view.at - at <= replicaMaxLag + LOOK), view];
    const members = view.replicas.filter((place) => isMember(this.pool.config, this.server.name, place));
    const online = new Map(members.map((place) => [`${place.host}:${place.port}`, place]));
    for (const [name, replica] of this.replicas) {
      if (online.has(name)) continue;
      replica.close();
      this.replicas.delete(name);
    }
    for (const [name, place] of online) {
      if (this.replicas.has(name)) continue;
      const decide = (): void => this.decide();
      const replica = new Asked(place, this.pool, decide, decide);
      this.replicas.set(name, replica);
      replica.ask();
    }
    this.decide();
  }

  private decide(): void {
    const { address, mustWait, name, replicas } = this.server;
    // the answer of one who is no longer the master
    if (this.master === null || mustWait || address.kind !== 'tcp' || !samePlace(this.master.place, address))
      return;
    const now = performance.now();
    const usable = [...this.replicas.values()]
      .filter(({ view }) => mayRead(this.said, view, now, this.pool.config.replicaMaxLag))
      .map(({ place }) => ({ kind: 'tcp', ...place }) as const);
    replicas?.use(usable);
    const shown = usable.map(formatAddress).join(', ');
    if (shown !== this.shown) this.log(`'${name}' is read from ${shown || 'its master'} now`);
    this.shown = shown;
  }

  close(): void {
    this.master?.close();
    this.master = null;
    this.said = [];
    for (const replica of this.replicas.values()) replica.close();
    this.replicas.clear();
    this.server.replicas?.use([]);
  }
}

/** Finds the replicas of a pool with `reads: replicas`, and tells its servers which of them may be read from. */
export class ReplicaWatch {
  private readonly servers: ServerReplicas[];
  private timer: NodeJS.Timeout | null = null;

  constructor(pool: Pool, log: (text: string) => void) {
    this.servers = pool.servers.map((server) => new ServerReplicas(server, pool, log));
  }

  start(): void {
    this.timer = setInterval(() => this.look(), LOOK);
    this.look();
  }

  private look(): void {
    for (const server of this.servers) server.look();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    for (const server of this.servers) server.close();
  }
}

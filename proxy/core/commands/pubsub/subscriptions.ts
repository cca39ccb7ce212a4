import { REFUSED } from '../../../protocol/replies.ts';
import { UNREAD } from '../../base/receiver.ts';
import { KINDS, type ListeningKind, type Subscriber } from '../../server/listening-kind.ts';
import type { PoolServer } from '../../server/server.ts';
import type { SubscribingConnection } from '../../server/subscribing-connection.ts';
import { BegunSubscription } from '../begun-subscriptions.ts';
import { noteListening } from '../listening.ts';
import type { PoolContext, Session } from '../session.ts';
import { isInternal, sourceOf } from './messages.ts';
import { SubscribedMode } from './subscribed-mode.ts';

/** Channels and patterns that one client may listen to. */
export const MOST_SUBSCRIPTIONS = 100_000;
/** Of these, patterns: for each new one redis looks through all that the connection has (0.1 s for so many, minutes for all). */
export const MOST_PATTERNS = 4096;
/** And of all clients of a process together: redis compares each with every message and every event of a key. */
export const MOST_PATTERNS_OF_ALL = 16_384;
/** What one subscription takes in this process besides its name. */
const OVERHEAD = 200;
const ARROW = 62;
/** Events of keys come from the server of the key, which the channel's name does not say. */
const OF_EVERY_SERVER = /^__key(space|event)@/;

const subscriptions = new WeakMap<Session, Subscriptions>();
/** Patterns of all clients of a pool. */
const patternsOf = new WeakMap<PoolContext, number>();

/** What a client listens to; undefined while it is nothing. */
export function subscriptionsOf(session: Session): Subscriptions | undefined {
  return subscriptions.get(session);
}

/** Why a SUBSCRIBE did not come about: a whole error reply. */
type Fault = Uint8Array;

/** What a client listens to, and its connections to the servers where that is to be heard. */
export class Subscriptions implements Subscriber {
  /** Names of each kind as bytes in latin1, and the servers that they are listened to on. */
  readonly names: Readonly<Record<ListeningKind, Map<string, readonly PoolServer[]>>> = {
    subscribe: new Map(),
    psubscribe: new Map(),
    ssubscribe: new Map(),
  };
  private readonly connections = new Map<PoolServer, SubscribingConnection>();
  /** What is being subscribed, and what was heard of it before that was said to the client. */
  private pending: {
    readonly kind: ListeningKind;
    readonly names: ReadonlySet<string>;
    readonly early: Uint8Array[];
    readonly begun: BegunSubscription | null;
  } | null = null;
  /** What servers are asked to forget, for another one has refused it: the client never hears of it. */
  private takenBack: { readonly kind: ListeningKind; readonly names: ReadonlySet<string> } | null = null;
  private readonly mode: SubscribedMode;
  private readonly ended = (): void => this.end();
  private kept = 0;
  /** Those that it subscribes to, or is about to. */
  private patterns = 0;

  private constructor(private readonly session: Session) {
    this.mode = new SubscribedMode();
    subscriptions.set(session, this);
    session.onOver(this.ended);
  }

  /** Those of a client, made when it has none. */
  static of(session: Session): Subscriptions {
    return subscriptions.get(session) ?? new Subscriptions(session);
  }

  get owner(): Session {
    return this.session;
  }

  /** As Redis counts them in its confirmations: channels and patterns together, shard channels apart. */
  count(kind: ListeningKind): number {
    const { names } = this;
    return kind === 'ssubscribe' ? names.ssubscribe.size : names.subscribe.size + names.psubscribe.size;
  }

  private get total(): number {
    return KINDS.reduce((sum, kind) => sum + this.names[kind].size, 0);
  }

  /**
   * Listens to names that are not listened to yet, each once.
   * @param done called when all servers have confirmed it, or with why not; then nothing has changed
   */
  add(kind: ListeningKind, names: readonly string[], done: (fault: Fault | string | null) => void): void {
    const refuse = (why: string): void => {
      this.closeUnused();
      done(why);
    };
    if (this.total + names.length > MOST_SUBSCRIPTIONS) {
      refuse(`a client subscribes to at most ${MOST_SUBSCRIPTIONS} channels and patterns here`);
      return;
    }
    if (kind === 'psubscribe' && this.names.psubscribe.size + names.length > MOST_PATTERNS) {
      refuse(`a client subscribes to at most ${MOST_PATTERNS} patterns here`);
      return;
    }
    const ofAll = patternsOf.get(this.session.pool) ?? 0;
    if (kind === 'psubscribe' && ofAll + names.length > MOST_PATTERNS_OF_ALL) {
      refuse(
        `all clients together subscribe to at most ${MOST_PATTERNS_OF_ALL} patterns here: servers compare each with every message`,
      );
      return;
    }
    const homes = new Map<string, readonly PoolServer[]>();
    const byServer = new Map<PoolServer, string[]>();
    for (const name of names) {
      const servers = this.serversOf(kind, name);
      if (servers.length === 0) {
        refuse(REFUSED);
        return;
      }
      homes.set(name, servers);
      for (const server of servers) addTo(byServer, server, name);
    }
    const full = this.connectTo([...byServer.keys()]);
    if (full !== null) {
      const { subscribingClients } = this.session.pool.config;
      refuse(`${subscribingClients} clients subscribe on '${full.name}' already (subscribing_clients)`);
      return;
    }
    const fresh = new Set(names);
    // of a client that does not read the confirmation comes when it does: nobody waits for that
    const begun = this.session.unread > UNREAD ? null : new BegunSubscription(this.session.pool, kind, fresh);
    this.pending = { kind, names: fresh, early: [], begun };
    if (kind === 'psubscribe') this.countPatterns(names.length);
    let waiting = byServer.size;
    let fault: Fault | null = null;
    const refusedBy = new Set<PoolServer>();
    for (const [server, its] of byServer) {
      this.connections.get(server)?.add(kind, its, (refusal) => {
        if (refusal !== null) refusedBy.add(server);
        fault ??= refusal;
        waiting--;
        if (waiting > 0) return;
        if (fault !== null && kind === 'psubscribe') this.countPatterns(-names.length);
        if (fault === null) this.begin(kind, homes);
        else for (const refused of refusedBy) byServer.delete(refused);
        if (fault === null) done(null);
        else this.takeBack(kind, fresh, byServer, () => done(fault));
      });
    }
  }

  /** Some servers have refused it: those that have not forget it. */
  private takeBack(
    kind: ListeningKind,
    names: ReadonlySet<string>,
    byServer: ReadonlyMap<PoolServer, readonly string[]>,
    done: () => void,
  ): void {
    this.forgetEarly();
    this.takenBack = { kind, names };
    this.removeFrom(kind, byServer, () => {
      this.takenBack = null;
      done();
    });
  }

  private begin(kind: ListeningKind, homes: ReadonlyMap<string, readonly PoolServer[]>): void {
    for (const [name, servers] of homes) {
      this.names[kind].set(name, servers);
      this.keep(name.length + OVERHEAD);
    }
    this.session.enter(this.mode);
    this.note();
  }

  /** Others may ask how much it is. */
  private note(): void {
    const { psubscribe, ssubscribe, subscribe } = this.names;
    const what = { channels: subscribe.size, patterns: psubscribe.size, shardChannels: ssubscribe.size };
    noteListening(this.session, this.total > 0 ? what : null);
  }

  /** The client has been told that it listens: it may hear of it. */
  release(): void {
    const early = this.forgetEarly();
    for (const message of early) this.session.push(message, 0, message.length);
  }

  private forgetEarly(): readonly Uint8Array[] {
    const { begun = null, early = [] } = this.pending ?? {};
    this.pending = null;
    for (const message of early) this.session.arriving(0, -message.length);
    begun?.end();
    return early;
  }

  /** Listens no longer to names that it listens to, each once. */
  remove(kind: ListeningKind, names: readonly string[], done: () => void): void {
    const byServer = new Map<PoolServer, string[]>();
    for (const name of names) {
      for (const server of this.names[kind].get(name) ?? []) addTo(byServer, server, name);
      if (!this.names[kind].delete(name)) continue;
      this.keep(-name.length - OVERHEAD);
      if (kind === 'psubscribe') this.countPatterns(-1);
    }
    this.note();
    this.removeFrom(kind, byServer, done);
  }

  private removeFrom(
    kind: ListeningKind,
    byServer: ReadonlyMap<PoolServer, readonly string[]>,
    done: () => void,
  ): void {
    let waiting = 1;
    const one = (): void => {
      waiting--;
      if (waiting > 0) return;
      this.closeUnused();
      done();
    };
    for (const [server, names] of byServer) {
      waiting++;
      const connection = this.connections.get(server);
      if (connection === undefined) one();
      else connection.remove(kind, names, one);
    }
    one();
  }

  private closeUnused(): void {
    for (const [server, connection] of this.connections) {
      if (!connection.isUnused) continue;
      this.connections.delete(server);
      server.unsubscribe(connection);
    }
    if (this.total > 0) return;
    this.session.exit(this.mode);
    if (this.connections.size > 0) return;
    this.session.offOver(this.ended);
    subscriptions.delete(this.session);
  }

  /** Where messages to it come from: the server that a channel's name hashes to, which is where PUBLISH goes. */
  private serversOf(kind: ListeningKind, name: string): readonly PoolServer[] {
    const { routing } = this.session;
    if (kind === 'psubscribe' || (kind === 'subscribe' && OF_EVERY_SERVER.test(name))) return routing.servers;
    const bytes = Buffer.from(name, 'latin1');
    const server = routing.serverFor(bytes, 0, bytes.length);
    return server === null ? [] : [server];
  }

  /** Sees to it that there is a connection to each; returns a server that has no room for one more. */
  private connectTo(servers: readonly PoolServer[]): PoolServer | null {
    const { subscribingClients } = this.session.pool.config;
    for (const server of servers) {
      if (this.connections.has(server)) continue;
      const connection = server.subscribe(this, subscribingClients);
      if (connection === null) return server;
      this.connections.set(server, connection);
    }
    return null;
  }

  onMessage(buffer: Uint8Array, from: number, to: number): void {
    const { pending, session, takenBack } = this;
    if (isInternal(buffer, from)) return;
    if (
      takenBack?.names.has(sourceOf(buffer, from)) &&
      !this.names[takenBack.kind].has(sourceOf(buffer, from))
    )
      return;
    if (session.protocol === 3) buffer[from] = ARROW;
    if (pending?.names.has(sourceOf(buffer, from)) && !this.names[pending.kind].has(sourceOf(buffer, from))) {
      pending.early.push(buffer.slice(from, to));
      session.arriving(0, to - from);
    } else session.push(buffer, from, to);
  }

  arriving(bytes: number): void {
    this.session.arriving(0, bytes);
  }

  onOver(why: string): void {
    this.session.letGo(why);
  }

  private keep(bytes: number): void {
    this.kept += bytes;
    this.session.keep(bytes);
  }

  private countPatterns(more: number): void {
    const { pool } = this.session;
    // one that has left meanwhile has none
    const change = Math.max(more, -this.patterns);
    this.patterns += change;
    patternsOf.set(pool, (patternsOf.get(pool) ?? 0) + change);
  }

  /** The client has left, or begins anew. */
  private end(): void {
    subscriptions.delete(this.session);
    this.session.exit(this.mode);
    this.session.offOver(this.ended);
    this.forgetEarly();
    this.keep(-this.kept);
    this.countPatterns(-this.patterns);
    for (const kind of KINDS) this.names[kind].clear();
    this.note();
    for (const [server, connection] of this.connections) server.unsubscribe(connection);
    this.connections.clear();
  }
}

function addTo(byServer: Map<PoolServer, string[]>, server: PoolServer, name: string): void {
  const its = byServer.get(server);
  if (its === undefined) byServer.set(server, [name]);
  else its.push(name);
}

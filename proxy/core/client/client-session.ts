import type { PoolConfig } from '../../config/pool.ts';
import { AUTHENTICATION } from '../commands/connection/auth.ts';
import type { Gate } from '../commands/session.ts';
import { databaseOf, FIRST_LANE, holderOf, type Lane, laneOf, ownLane, protocolOf } from '../server/lane.ts';

let lastId = 0;

/** Clients that come from now on get ids above `id`. */
export function numberClientsFrom(id: number): void {
  lastId = id;
}

/** Most clients have none, or this one alone, and share the array. */
const NO_GATES: readonly Gate[] = [];
const WITHOUT_PASSWORD: readonly Gate[] = [AUTHENTICATION];

/** Who a client is, what it has said of itself, and in which states it is. */
export abstract class ClientSession {
  readonly id: number;
  readonly connectedAt = Date.now();
  /** What CLIENT SETNAME and SETINFO said. */
  name = '';
  library = '';
  libraryVersion = '';
  lane: Lane = FIRST_LANE;
  silentUntil = 0;
  gates: readonly Gate[];
  private endHooks: Set<() => void> | null = null;

  /**
   * @param authenticated whether it may go on without a password
   * @param firstId where the numbers of the pool's clients begin
   */
  constructor(authenticated: boolean, firstId: number) {
    this.id = firstId + ++lastId;
    this.gates = authenticated ? NO_GATES : WITHOUT_PASSWORD;
  }

  abstract readonly pool: { readonly config: Pick<PoolConfig, 'redisDb'> };

  /** 2 or 3, see HELLO. */
  get protocol(): number {
    return protocolOf(this.lane);
  }

  set protocol(protocol: number) {
    this.lane = ownLane(laneOf(protocol, this.database, this.pool.config.redisDb), this.holder);
  }

  get database(): number {
    return databaseOf(this.lane, this.pool.config.redisDb);
  }

  set database(database: number) {
    this.lane = ownLane(laneOf(this.protocol, database, this.pool.config.redisDb), this.holder);
  }

  get holder(): number {
    return holderOf(this.lane);
  }

  set holder(holder: number) {
    this.lane = ownLane(this.lane, holder);
  }

  get authenticated(): boolean {
    return !this.gates.includes(AUTHENTICATION);
  }

  set authenticated(yes: boolean) {
    if (yes) this.exit(AUTHENTICATION);
    else this.enter(AUTHENTICATION);
  }

  enter(gate: Gate): void {
    if (this.gates.includes(gate)) return;
    this.gates = [...this.gates, gate].sort((a, b) => a.rank - b.rank);
  }

  exit(gate: Gate): void {
    const left = this.gates.filter((each) => each !== gate);
    this.gates = left.length === 0 ? NO_GATES : left;
  }

  onOver(ended: () => void): void {
    this.endHooks ??= new Set();
    this.endHooks.add(ended);
  }

  offOver(ended: () => void): void {
    this.endHooks?.delete(ended);
  }

  /** Tells whoever wanted to know that what the client had begun is over. */
  protected tellEnd(): void {
    const { endHooks } = this;
    this.endHooks = null;
    for (const ended of endHooks ?? []) ended();
  }
}

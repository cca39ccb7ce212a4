import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Plan, PoolSpec } from '../../topology/types.ts';
import { Ledger, type Outcome } from './ledger.ts';
import { keysOn, shardFinder } from './shard-of.ts';

export interface LoadOptions {
  readonly plan: Plan;
  readonly pool: PoolSpec;
  readonly password: string;
  /** Unique in the stack's life, so that no two runs share a key. */
  readonly run: string;
  /** Connections per shard; each waits for its answer before the next write. */
  readonly writersPerShard: number;
  /** Writes per second of one writer. */
  readonly rate: number;
}

/** Longer than any hold of the proxy; an application with a shorter one would give up first. */
const COMMAND_TIMEOUT_MS = 10_000;

/** Errors that say the write was not executed; anything else after sending leaves its outcome open. */
const NOT_EXECUTED =
  /^(READONLY|MASTERDOWN|LOADING|NOREPLICAS|NOAUTH|OOM|ERR Connection refused|ERR not executed)/;

/** Writers and readers that use the stack as an application would: ioredis, through the VIP, at a fixed rate. */
export class Load {
  readonly ledger = new Ledger();
  readonly #options: LoadOptions;
  readonly #clients: Redis[] = [];
  readonly #loops: Array<Promise<void>> = [];
  readonly #newest = new Map<string, number>();
  #running = true;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** Starts all writers and readers once each of them is connected. */
  async start(): Promise<void> {
    const { plan, pool, writersPerShard } = this.#options;
    const shardOf = shardFinder(plan, pool);
    for (const { name: shard } of plan.shards) {
      for (let writer = 0; writer < writersPerShard; writer++) {
        const prefix = `drill:${this.#options.run}:${shard}:${writer}`;
        this.#loops.push(this.#write(await this.#connect(), shard, writer, keysOn(shard, prefix, shardOf)));
      }
      this.#loops.push(this.#read(await this.#connect(), shard, this.#latestKey(shard, shardOf)));
    }
  }

  /** Lets every request under way end, then closes the connections. */
  async stop(): Promise<Ledger> {
    this.#running = false;
    await Promise.all(this.#loops);
    for (const client of this.#clients) client.disconnect();
    return this.ledger;
  }

  async #connect(): Promise<Redis> {
    const { plan, pool, password } = this.#options;
    const client = new Redis({
      host: plan.vip,
      port: pool.listen,
      password,
      lazyConnect: true,
      connectTimeout: 2000,
      commandTimeout: COMMAND_TIMEOUT_MS,
      // A drill must see every failure once; ioredis would otherwise send a write again on its own.
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      retryStrategy: () => 50,
    });
    // Each failed command rejects on its own; the reconnects in between need no listener of their own.
    client.on('error', () => undefined);
    await client.connect();
    this.#clients.push(client);
    return client;
  }

  async #write(client: Redis, shard: string, writer: number, nextKey: () => string): Promise<void> {
    const list = nextKey();
    const latest =
      writer === 0 ? this.#latestKey(shard, shardFinder(this.#options.plan, this.#options.pool)) : undefined;
    for (let n = 1; this.#running; n++) {
      const due = performance.now() + 1000 / this.#options.rate;
      const id = `${this.#options.run}-${shard}-${writer}-${n}`;
      if (n % 4 === 0) await this.#record('append', shard, writer, list, id, () => client.rpush(list, id));
      else {
        const key = nextKey();
        await this.#record('set', shard, writer, key, id, () => client.set(key, id));
      }
      if (latest !== undefined && n % 4 === 1) await this.#advance(client, shard, latest, n);
      const rest = due - performance.now();
      if (rest > 0) await delay(rest);
    }
  }

  async #record(
    kind: 'set' | 'append',
    shard: string,
    writer: number,
    key: string,
    id: string,
    send: () => Promise<unknown>,
  ): Promise<void> {
    const sentAt = performance.now();
    let outcome: Outcome = 'acknowledged';
    let error: string | undefined;
    try {
      await send();
    } catch (cause) {
      error = (cause as Error).message;
      outcome = NOT_EXECUTED.test(error) ? 'refused' : 'unknown';
    }
    const endedAt = performance.now();
    this.ledger.writes.push({ kind, shard, writer, key, id, sentAt, endedAt, outcome, error });
  }

  /** Moves the shard's "latest" key forward; what readers compare with counts only once it was acknowledged. */
  async #advance(client: Redis, shard: string, key: string, n: number): Promise<void> {
    try {
      await client.set(key, String(n));
      this.#newest.set(shard, n);
    } catch {
      // The next one counts. A failure here shows in the writer's own records at the same moment.
    }
  }

  async #read(client: Redis, shard: string, key: string): Promise<void> {
    let seen = 0;
    while (this.#running) {
      const floor = this.#newest.get(shard) ?? 0;
      const sentAt = performance.now();
      try {
        const value = Number((await client.get(key)) ?? 0);
        const endedAt = performance.now();
        this.ledger.reads.push({
          shard,
          sentAt,
          endedAt,
          ok: true,
          stale: value < floor,
          backwards: value < seen,
        });
        seen = Math.max(seen, value);
      } catch (cause) {
        const error = (cause as Error).message;
        this.ledger.reads.push({
          shard,
          sentAt,
          endedAt: performance.now(),
          ok: false,
          stale: false,
          backwards: false,
          error,
        });
      }
      await delay(1000 / this.#options.rate);
    }
  }

  #latestKey(shard: string, shardOf: (key: string) => string): string {
    return keysOn(shard, `drill:${this.#options.run}:${shard}:latest`, shardOf)();
  }
}

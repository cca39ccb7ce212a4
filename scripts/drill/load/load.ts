import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { shardsOf } from '../../../topology/pool-shards.ts';
import type { Plan, PoolSpec } from '../../../topology/types.ts';
import { connectApplication, served } from './application.ts';
import { Ledger, type Outcome, type ReadRecord, type WriteKind } from './ledger.ts';
import { Newcomers } from './newcomers.ts';
import { outcomeOf, reasonOf } from './outcome.ts';
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
  /** Whether requests that went unanswered with their connection are sent again. */
  readonly asksAgain: boolean;
}

/** One writer: its connection, and what it writes to. */
interface Writer {
  readonly client: Redis;
  readonly shard: string;
  readonly connection: string;
  readonly nextKey: () => string;
  readonly list: string;
  /** Of one writer of each shard it is also what the shard's readers read: it only ever grows. */
  readonly counter: string;
}

/** Writers and readers that use the stack as an application would: ioredis, through the VIP, at a fixed rate. */
export class Load {
  readonly ledger = new Ledger();
  /** Keys it writes to that are not in the ledger. */
  readonly otherKeys: string[] = [];
  readonly #options: LoadOptions;
  readonly #clients: Redis[] = [];
  readonly #loops: Array<Promise<void>> = [];
  /** Key of a counter that is read -> its newest acknowledged value: nobody may read less afterwards. */
  readonly #newest = new Map<string, number>();
  readonly #newcomers: Newcomers;
  #running = true;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#newcomers = new Newcomers(options, this.ledger);
    this.otherKeys.push(...this.#newcomers.keys);
  }

  /** Starts all writers and readers once each of them is connected. */
  async start(): Promise<void> {
    const { plan, pool, writersPerShard, run } = this.#options;
    const shardOf = shardFinder(plan, pool);
    for (const { name: shard } of shardsOf(plan, pool)) {
      const counters: string[] = [];
      for (let n = 0; n < writersPerShard; n++) {
        const nextKey = keysOn(shard, `drill:${run}:${shard}:${n}`, shardOf);
        const connection = `${shard}/w${n}`;
        const client = await this.#connect(connection);
        const [list, counter] = [nextKey(), nextKey()];
        counters.push(counter);
        this.#loops.push(this.#write({ client, shard, connection, nextKey, list, counter }));
      }
      const reader = `${shard}/r0`;
      this.#loops.push(this.#read(await this.#connect(reader), shard, reader, counters[0]));
    }
    this.#newcomers.start();
  }

  /** Lets every request under way end, then closes the connections. */
  async stop(): Promise<Ledger> {
    this.#running = false;
    this.ledger.endedAt = performance.now();
    await Promise.all([...this.#loops, this.#newcomers.stop()]);
    for (const client of this.#clients) {
      client.disconnect();
    }
    return this.ledger;
  }

  /** For connections that are made from now on. */
  usePassword(password: string): void {
    for (const client of this.#clients) client.options.password = password;
    this.#newcomers.usePassword(password);
  }

  /** True when every connection was served within the last `ms`. */
  flows(ms: number): boolean {
    const oldest = Math.min(...this.ledger.servedAt.values());
    return performance.now() - oldest < ms;
  }

  async #connect(connection: string): Promise<Redis> {
    const { plan, pool, password, asksAgain } = this.#options;
    const { ledger } = this;
    const client = await connectApplication(plan.vip, pool.listen, password, asksAgain, () =>
      ledger.reconnects.set(connection, (ledger.reconnects.get(connection) ?? 0) + 1),
    );
    this.#clients.push(client);
    ledger.servedAt.set(connection, performance.now());
    return client;
  }

  async #write(writer: Writer): Promise<void> {
    const { client, nextKey, list, counter } = writer;
    for (let n = 1; this.#running; n++) {
      const due = performance.now() + 1000 / this.#options.rate;
      const id = `${this.#options.run}-${writer.connection}-${n}`;
      if (n % 4 === 0) await this.#record(writer, 'append', list, id, () => client.rpush(list, id));
      else if (n % 4 === 2) await this.#record(writer, 'increment', counter, id, () => client.incr(counter));
      else {
        const key = nextKey();
        await this.#record(writer, 'set', key, id, () => client.set(key, id));
      }
      const rest = due - performance.now();
      if (rest > 0) await delay(rest);
    }
  }

  async #record(
    { client, shard, connection }: Writer,
    kind: WriteKind,
    key: string,
    id: string,
    send: () => Promise<unknown>,
  ): Promise<void> {
    // What an application waits for while its connection is made again is latency, too.
    const sentAt = performance.now();
    if (!(await served(client, () => this.#running))) return;
    let outcome: Outcome = 'acknowledged';
    let error: string | undefined;
    let reply: unknown;
    try {
      reply = await send();
    } catch (cause) {
      error = reasonOf(cause as Error);
      outcome = outcomeOf(error);
    }
    const endedAt = performance.now();
    if (outcome === 'acknowledged') this.ledger.servedAt.set(connection, endedAt);
    const value = kind === 'increment' && typeof reply === 'number' ? { reply } : {};
    if (value.reply !== undefined) this.#newest.set(key, value.reply);
    this.ledger.writes.push({
      kind,
      shard,
      connection,
      key,
      id,
      sentAt,
      endedAt,
      outcome,
      error,
      ...value,
    });
  }

  async #read(client: Redis, shard: string, connection: string, key: string): Promise<void> {
    let seen = 0;
    while (this.#running) {
      const floor = this.#newest.get(key) ?? 0;
      const sentAt = performance.now();
      if (!(await served(client, () => this.#running))) return;
      let result: Pick<ReadRecord, 'ok' | 'stale' | 'backwards' | 'error'>;
      try {
        const value = Number((await client.get(key)) ?? 0);
        result = { ok: true, stale: value < floor, backwards: value < seen };
        seen = Math.max(seen, value);
        this.ledger.servedAt.set(connection, performance.now());
      } catch (cause) {
        result = { ok: false, stale: false, backwards: false, error: reasonOf(cause as Error) };
      }
      this.ledger.reads.push({ shard, connection, sentAt, endedAt: performance.now(), ...result });
      await delay(1000 / this.#options.rate);
    }
  }
}

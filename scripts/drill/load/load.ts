import type { Redis } from 'ioredis';
import { shardsOf } from '../../../topology/pool-shards.ts';
import type { AnyPlan, PoolSpec } from '../../../topology/types.ts';
import { vipsOf } from '../../../topology/vips.ts';
import { connectApplication } from './application.ts';
import { listen, publish } from './channels.ts';
import { DEAF_MS } from './judge-messages.ts';
import { Ledger, type Subscription } from './ledger.ts';
import type { LoadClient } from './load-client.ts';
import { Newcomers } from './newcomers.ts';
import { consume, produce } from './queue.ts';
import { keysOn, shardFinder } from './shard-of.ts';
import { transact } from './transactions.ts';
import { type Newest, read, write } from './writers.ts';

export interface LoadOptions {
  readonly plan: AnyPlan;
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
  /** Besides writers and readers: transactions, queues and subscribers. */
  readonly families: boolean;
}

/** Consumers of the queue of each shard whose jobs go to a list of the consumer's own; they compete for them. */
const MOVERS = 2;
/** What stands for all shards where a connection has to do with them. */
const ALL = 'all';

/**
 * Writers, readers, transactions, producers and consumers of queues, publishers and subscribers, that use the stack as an
 * application would: ioredis, through the VIP, at fixed rates.
 */
export class Load {
  readonly ledger = new Ledger();
  /** Keys it writes to that are not in the ledger. */
  readonly otherKeys: string[] = [];
  readonly #options: LoadOptions;
  readonly #clients: Redis[] = [];
  #begun = 0;
  readonly #loops: Array<Promise<void>> = [];
  readonly #newest: Newest = new Map();
  readonly #newcomers: Newcomers;
  readonly #running = (): boolean => this.#isRunning;
  #isRunning = true;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#newcomers = new Newcomers(options, this.ledger);
    this.otherKeys.push(...this.#newcomers.keys);
  }

  /** Starts everything once it is connected. */
  async start(): Promise<void> {
    const { plan, pool, run, families } = this.#options;
    const shardOf = shardFinder(plan, pool);
    const shards = shardsOf(plan, pool).map(({ name: shard }) => ({
      shard,
      key: (purpose: string) => keysOn(shard, `drill:${run}:${shard}:${purpose}`, shardOf),
    }));
    for (const { shard, key } of shards) await this.#startWriters(shard, key);
    if (families) {
      await this.#startChannels(shards.map(({ shard, key }) => ({ shard, channel: key('channel')() })));
      for (const { shard, key } of shards) {
        await this.#startTransactions(shard, key('transactions'));
        await this.#startQueues(shard, key('queue'));
      }
    }
    this.#newcomers.start();
  }

  async #startTransactions(shard: string, nextKey: () => string): Promise<void> {
    const keys = { lists: [nextKey(), nextKey()], counter: nextKey() } as const;
    this.#loops.push(transact(await this.#connect(shard, 't0'), this.#options.run, keys));
  }

  async #startChannels(channels: ReadonlyArray<Omit<Subscription, 'subscriber'>>): Promise<void> {
    await this.#listen('s0', channels);
    await this.#listen('s1', channels, `drill:${this.#options.run}:*`);
    for (const { shard, channel } of channels)
      this.#loops.push(publish(await this.#connect(shard, 'p0'), channel));
  }

  async #startWriters(shard: string, key: (purpose: string) => () => string): Promise<void> {
    const { writersPerShard, run, rate } = this.#options;
    const { servedAt } = this.ledger;
    const newest = this.#newest;
    const counters: string[] = [];
    for (let n = 0; n < writersPerShard; n++) {
      const nextKey = key(`${n}`);
      const client = await this.#connect(shard, `w${n}`);
      servedAt.set(client.connection, performance.now());
      const [list, counter] = [nextKey(), nextKey()];
      counters.push(counter);
      this.#loops.push(write({ client, run, nextKey, list, counter, newest, rate }));
    }
    const reader = await this.#connect(shard, 'r0');
    servedAt.set(reader.connection, performance.now());
    this.#loops.push(read(reader, counters[0], newest, rate));
  }

  async #startQueues(shard: string, nextKey: () => string): Promise<void> {
    const [moved, popped] = [nextKey(), nextKey()];
    for (let n = 0; n < MOVERS; n++)
      this.#loops.push(consume(await this.#connect(shard, `m${n}`), moved, nextKey()));
    this.#loops.push(consume(await this.#connect(shard, 'b0'), popped));
    const queues = [
      { queue: moved, consumers: MOVERS },
      { queue: popped, consumers: 1 },
    ];
    this.#loops.push(produce(await this.#connect(shard, 'q0'), this.#options.run, queues));
  }

  async #listen(
    name: string,
    channels: ReadonlyArray<Omit<Subscription, 'subscriber'>>,
    pattern?: string,
  ): Promise<void> {
    const { redis, connection: subscriber } = await this.#connect(ALL, name);
    await listen({ redis, subscriber, ledger: this.ledger, running: this.#running, channels, pattern });
  }

  /** Lets every request under way end, then closes the connections. */
  async stop(): Promise<Ledger> {
    this.#isRunning = false;
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

  /** True when every writer and reader was served within the last `ms`, and no subscriber is deaf. */
  flows(ms: number): boolean {
    const { servedAt, heardAt } = this.ledger;
    const now = performance.now();
    return now - Math.min(...servedAt.values()) < ms && now - Math.min(now, ...heardAt.values()) < DEAF_MS;
  }

  async #connect(shard: string, name: string): Promise<LoadClient> {
    const { plan, pool, password, asksAgain } = this.#options;
    const { ledger } = this;
    const connection = `${shard}/${name}`;
    // By turns, where edges share the load.
    const vips = vipsOf(plan);
    const { address } = vips[this.#begun++ % vips.length];
    const redis = await connectApplication(address, pool.listen, password, asksAgain, () =>
      ledger.reconnects.set(connection, (ledger.reconnects.get(connection) ?? 0) + 1),
    );
    this.#clients.push(redis);
    ledger.reconnects.set(connection, 0);
    return { redis, shard, connection, ledger, running: this.#running };
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Request, Target } from '../backup/restore/target.ts';
import { NotSoError } from '../errors.ts';
import type { Change, CommandTable } from './changed-keys.ts';
import { DirtyKeys, type NamedKey } from './dirty-keys.ts';
import { copyFunctions } from './functions.ts';
import { ReplicaFeed, ReplicationRefused } from './replica-feed.ts';
import { bytesOf, gone, type SourceClient, type SourceKey } from './source-client.ts';
import type { ImportSource } from './sources.ts';

/** Keys that are copied in one go, and keys that are asked for at a time. */
const BATCH_KEYS = 500;
const IDLE_MS = 20;
/** How often all keys are copied again because of a command that nobody knows. */
const MOST_UNKNOWN = 20;

/** What has become of a source's keys. */
export interface Figures {
  /** Keys that were looked at in this scan of all of them, and whether it is over. */
  scanned: number;
  /** Values written, also again. */
  written: number;
  removed: number;
  /** Keys that stand where whoever uses the source does not look for them. */
  astray: number;
  /** Messages of PUBLISH: they are not carried. */
  published: number;
}

/**
 * Copies the keys of one source and follows its changes. What a change did is not repeated: the key is copied again as it is
 * then, which no order, no script and no expiry can make wrong, and which may be done twice.
 */
export class FollowedSource {
  readonly figures: Figures = { scanned: 0, written: 0, removed: 0, astray: 0, published: 0 };
  /** Changes that were heard of. */
  heard = 0;
  /** What cannot be carried, in words. */
  readonly notes = new Set<string>();
  readonly #dirty = new DirtyKeys();
  #feed: ReplicaFeed | undefined;
  /** Why it cannot be followed; undefined = it is. */
  refusal: string | undefined;
  /** Databases that are still to be scanned, and how far the first of them is. */
  #toScan: number[] = [];
  #cursor = '0';
  /** Whether keys of the pool that the source has not got have to go. */
  #purges: boolean;
  #functions = true;
  #busy = false;
  #failure: Error | undefined;
  #unknowns = 0;

  /** @param merges whether the pool has keys of its own, which stay */
  constructor(
    readonly client: SourceClient,
    readonly source: ImportSource,
    private readonly targets: ReadonlyMap<string, Target>,
    private readonly merges: boolean,
    isResumed: boolean,
    private readonly signal: AbortSignal,
  ) {
    this.#purges = isResumed && !merges;
  }

  get name(): string {
    return this.client.at.name;
  }

  /** Begins to hear of changes; afterwards everything that is there is copied. */
  async begin(table: CommandTable): Promise<void> {
    try {
      const listener = { tell: (change: Change) => this.#hear(change), anew: () => this.#missed() };
      this.#feed = await ReplicaFeed.open(this.client.at, table, listener, this.client.awayMs);
    } catch (error) {
      if (!(error instanceof ReplicationRefused)) throw unheard(this.name, error as Error);
      this.refusal = error.message;
    }
    this.scanAnew();
  }

  /** All keys are copied once more; what the source has no more is removed. */
  scanAnew(): void {
    this.#dirty.reset();
    this.#toScan = [...new Set(this.source.lanes.map(({ from }) => from))];
    this.#cursor = '0';
    this.#purges ||= !this.merges && this.figures.written > 0;
    this.figures.scanned = 0;
    this.figures.astray = 0;
  }

  /** Whether everything that was heard of is copied. */
  get isLevel(): boolean {
    return (
      !this.#busy &&
      this.#toScan.length === 0 &&
      this.#dirty.size === 0 &&
      !this.#dirty.hasForgotten &&
      !this.#purges &&
      !this.#functions &&
      this.#failure === undefined
    );
  }

  get waiting(): number {
    return this.#dirty.size;
  }

  get isScanning(): boolean {
    return this.#toScan.length > 0 || this.#purges;
  }

  /** Bytes of changes that were not heard of yet. */
  async lag(): Promise<number> {
    return Math.max(0, (await this.offset()) - (this.#feed?.position ?? 0));
  }

  /** Where the source is in its history. */
  async offset(): Promise<number> {
    return Number((await this.client.info('replication')).get('master_repl_offset') ?? 0);
  }

  /** Whether everything up to an offset is copied. */
  hasReached(offset: number): boolean {
    return (this.#feed === undefined || this.#feed.position >= offset) && this.isLevel;
  }

  /** Copies until `done` says that it is enough. @throws when the source or the pool has gone, or what comes cannot be carried */
  async run(done: () => boolean): Promise<void> {
    while (!done() && !this.signal.aborted) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#feed?.failure !== undefined) throw gone(this.client, this.#feed.failure);
      this.#busy = true;
      const worked = await this.#work();
      this.#busy = false;
      if (!worked) await delay(IDLE_MS);
    }
  }

  async close(): Promise<void> {
    this.#feed?.close();
    this.client.close();
    for (const target of this.targets.values()) await target.close();
  }

  #hear(change: Change): void {
    this.heard++;
    if (change.kind === 'keys') {
      for (const { database, name } of change.keys) this.#mark(database, name);
    } else if (change.kind === 'published') this.figures.published++;
    else if (change.kind === 'functions') this.#functions = true;
    else if (change.kind === 'emptied') this.#emptied(change.databases);
    else if (change.kind === 'unknown') this.#unknown(change.command.toUpperCase());
  }

  /** Changes that nobody heard of, or too many to keep: everything is looked at again. */
  #missed(): void {
    if (this.merges && this.figures.written > 0) {
      this.notes.add(
        `${this.name}: changes were missed for a moment; a key that was removed then is still in the pool`,
      );
    }
    this.scanAnew();
  }

  #unknown(command: string): void {
    this.#missed();
    if (++this.#unknowns < MOST_UNKNOWN) {
      this.notes.add(`${this.name}: what ${command} changes is not known: all keys were copied again`);
      return;
    }
    this.#failure ??= new NotSoError(
      `${this.name} changes keys by ${command} again and again, and it is not known which`,
      {
        where: this.name,
        remedy: 'stop whoever does, or all writers, and use --writers-stopped',
      },
    );
  }

  #mark(database: number, name: string): void {
    if (this.source.lanes.some(({ from }) => from === database)) {
      this.#dirty.add(database, name);
      return;
    }
    if (this.source.leavesOthers) return;
    this.#failure ??= new NotSoError(
      `${this.name} has begun to use database ${database}, which the pool "${this.source.lanes[0].pool.name}" does not serve`,
      {
        where: this.name,
        remedy: `set databases: ${database + 1} for the pool in stack.yaml, run \`twemstack up\`, then the same command again`,
      },
    );
  }

  #emptied(databases: readonly number[] | undefined): void {
    const concerned = this.source.lanes.some(({ from }) => databases?.includes(from) ?? true);
    if (!concerned) return;
    if (this.merges) {
      this.#failure ??= new NotSoError(
        `${this.name} was emptied (FLUSHALL, FLUSHDB or SWAPDB), and with --merge nobody knows which keys of the pool were its own`,
        {
          where: this.name,
          remedy: 'remove from the pool what shall not be there, then the same command again',
        },
      );
      return;
    }
    this.scanAnew();
    this.#purges = true;
  }

  /** @returns whether there was anything to do */
  async #work(): Promise<boolean> {
    if (this.#dirty.hasForgotten) this.#missed();
    if (this.#functions) {
      this.#functions = false;
      for (const note of await copyFunctions(this.client, this.targets, this.signal)) this.notes.add(note);
    }
    const changed = this.#dirty.take(BATCH_KEYS);
    await this.#copy(changed);
    if (this.#toScan.length > 0) await this.#scanOn();
    else if (this.#purges) {
      this.#purges = false;
      await this.#purge();
    } else return changed.length > 0;
    return true;
  }

  async #scanOn(): Promise<void> {
    const [database] = this.#toScan;
    const before = this.#toScan;
    const [cursor, names] = await this.client.scan(database, this.#cursor, BATCH_KEYS);
    await this.#copy(
      names.map((name) => ({ database, name })),
      true,
    );
    // Begun anew meanwhile.
    if (this.#toScan !== before) return;
    this.#cursor = cursor;
    if (cursor === '0') this.#toScan = this.#toScan.slice(1);
  }

  async #copy(keys: readonly NamedKey[], isScan = false): Promise<void> {
    for await (const batch of this.client.read(keys)) {
      const requests = new Map<string, Request[]>();
      const databases = new Map<string, number>();
      for (const key of batch) {
        const name = bytesOf(key.name);
        const lanes = this.source.lanes.filter(
          ({ from, isLookedFor }) => from === key.database && isLookedFor(name),
        );
        if (isScan) {
          this.figures.scanned++;
          if (lanes.length === 0) this.figures.astray++;
        }
        for (const { to, shardOf } of lanes) {
          const shard = shardOf(name);
          const list = requests.get(shard) ?? [];
          requests.set(shard, list);
          if (databases.get(shard) !== to) list.push(['SELECT', to]);
          databases.set(shard, to);
          list.push(this.#request(name, key));
        }
      }
      await Promise.all([...requests].map(([shard, list]) => this.#target(shard).send(list, this.signal)));
    }
  }

  #request(name: Buffer, { payload, expiresAt }: SourceKey): Request {
    if (payload === undefined) {
      this.figures.removed++;
      return ['UNLINK', name];
    }
    this.figures.written++;
    return ['RESTORE', name, expiresAt ?? 0, payload, 'REPLACE', 'ABSTTL'];
  }

  /** Keys of the pool that the source should have and has not are copied again, which removes them. */
  async #purge(): Promise<void> {
    for (const { pool, from, to, isLookedFor, shardOf } of this.source.lanes) {
      for (const { name: shard } of pool.servers) {
        let cursor = '0';
        do {
          const [, found] = await this.#target(shard).sendForBytes(
            [
              ['SELECT', to],
              ['SCAN', cursor, 'COUNT', BATCH_KEYS],
            ],
            this.signal,
          );
          const [next, keys] = found as [Buffer, Buffer[]];
          cursor = next.toString();
          const own = keys.filter((key) => isLookedFor(key) && shardOf(key) === shard);
          const names = own.map((key) => key.toString('latin1'));
          const are = await this.client.existing(from, names);
          for (const [i, name] of names.entries()) if (!are[i]) this.#dirty.add(from, name);
        } while (cursor !== '0');
      }
    }
  }

  #target(shard: string): Target {
    const target = this.targets.get(shard);
    if (target === undefined) throw new Error(`no shard ${shard} in the plan`);
    return target;
  }
}

const unheard = (name: string, cause: Error): NotSoError =>
  new NotSoError(`${name} does not tell what changes: ${cause.message}`, {
    where: name,
    remedy: 'no key was written; its log tells more, and the same command tries again',
    cause,
  });

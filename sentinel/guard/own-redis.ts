import { setTimeout as pause } from 'node:timers/promises';
import type { GuardConfig } from './config.ts';
import { placeOf } from './config.ts';
import { RedisConnection, ReplyError } from './redis.ts';
import { type FullView, parseView, VIEW_SECTIONS } from './view.ts';

/** For an answer of the redis beside us. A redis that is slower is as good as hung. */
const PATIENCE_MS = 700;
/** How long a redis may take to attach to its own guard, and how often it is looked at meanwhile. Milliseconds. */
const ATTACH_MS = 300;
const ATTACH_POLL_MS = 5;

const COLLECTS = `collectgarbage() return collectgarbage('count')`;
/** A library, and its function of the same name. */
const COLLECT = 'twemstack_collect_garbage';
const COLLECTOR = `#!lua name=${COLLECT}
redis.register_function{function_name='${COLLECT}', callback=function() ${COLLECTS} end, flags={'no-writes', 'allow-oom'}}`;

/** The redis that a guard watches over; nobody else changes its role. */
export class OwnRedis {
  private connection: RedisConnection | undefined;
  /** It answers BUSY: a script runs. */
  busy = false;
  /** How far its data reached when it was last looked at, and when that was seen to be further than before. */
  private offset = -1;
  private grewAt = performance.now();

  constructor(
    private readonly config: GuardConfig,
    private readonly password: () => string,
  ) {}

  /** What it says of itself; undefined when it does not answer. */
  async view(): Promise<FullView | undefined> {
    try {
      const info = await this.call('INFO', ...VIEW_SECTIONS);
      this.busy = false;
      return this.noted(parseView(String(info)));
    } catch (error) {
      this.busy = error instanceof ReplyError && error.message.startsWith('BUSY');
      return undefined;
    }
  }

  /**
   * Makes it follow nobody: its guard, which says nothing (link/silent-master.ts). What it has stays, and where that
   * stands in its history.
   *
   * @returns how it stands then
   * @throws Error when it does not do so
   */
  async fence(): Promise<FullView> {
    const { address, guardPort } = this.config;
    await this.call('REPLICAOF', address, String(guardPort));
    const view = await this.demandView();
    if (view.follows !== this.guardPlace)
      throw new Error(`it follows ${view.follows || 'nobody'} after it was fenced`);
    return view;
  }

  /** Waits until a fenced one counts as linked, which lasts a few milliseconds; one without a history never does. */
  async attached(): Promise<void> {
    for (let left = ATTACH_MS / ATTACH_POLL_MS; left > 0; left--) {
      if ((await this.demandView()).linkUp) return;
      await pause(ATTACH_POLL_MS);
    }
  }

  get guardPlace(): string {
    return placeOf({ address: this.config.address, port: this.config.guardPort });
  }

  async follow({ address, port }: { address: string; port: number }): Promise<void> {
    await this.call('REPLICAOF', address, String(port));
  }

  /** @returns how it stands as a master */
  async promote(): Promise<FullView> {
    await this.call('REPLICAOF', 'NO', 'ONE');
    const view = await this.demandView();
    if (view.role !== 'master') throw new Error('it did not become master');
    return view;
  }

  /**
   * It goes on, though it was told to end, and takes no write for so many milliseconds.
   *
   * @throws ReplyError when it is too late, or its file of accounts is of before
   */
  async postponeEnd(ms: number): Promise<void> {
    // In this order: writes that redis lets wait because it ends must not pass in between.
    const paused = this.call('CLIENT', 'PAUSE', String(ms), 'WRITE');
    const aborted = this.call('SHUTDOWN', 'ABORT');
    await Promise.all([paused, aborted]);
  }

  /** Writes that waited are answered: by one that has become a replica with READONLY, not carried out. */
  async answerWrites(): Promise<void> {
    await this.call('CLIENT', 'UNPAUSE');
  }

  /** Cuts its clients, so that they look for the master before they read what is no longer true. */
  async cutClients(): Promise<void> {
    for (const type of ['normal', 'pubsub']) await this.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
  }

  /** Ends the connections of guards before this one: what they asked for and was not done yet must not be done later. */
  async disownFormerGuards(): Promise<void> {
    await this.call('CLIENT', 'KILL', 'USER', 'guard', 'SKIPME', 'yes');
  }

  /**
   * For how long its data has not grown, milliseconds, at least: a master is confirmed by what it sends, so a replica has
   * confirmed nothing since.
   */
  get silentMs(): number {
    return performance.now() - this.grewAt;
  }

  async setPriority(priority: number): Promise<void> {
    await this.call('CONFIG', 'SET', 'replica-priority', String(priority));
  }

  /** When it flushes its append-only file. */
  async setFlushes(policy: string): Promise<void> {
    await this.call('CONFIG', 'SET', 'appendfsync', policy);
  }

  /** Lets go of all scripts that came with EVAL or SCRIPT LOAD. */
  async forgetScripts(): Promise<void> {
    await this.call('SCRIPT', 'FLUSH', 'ASYNC');
  }

  /**
   * A script's call leaves behind what it used, until Lua has a reason to look for it: now it has.
   *
   * @returns bytes that Lua holds of scripts after that
   */
  async collectScriptGarbage(): Promise<number> {
    return 1024 * Number(await this.call('EVAL', COLLECTS, '0'));
  }

  /**
   * The same of a master's functions, whose Lua is another one: only a function reaches it. Nobody sees it, for it comes and
   * goes within a transaction.
   *
   * @throws ReplyError when redis takes no writes now
   */
  async collectFunctionGarbage(): Promise<number> {
    // On the wire without anything between them.
    const calls = [
      this.call('MULTI'),
      this.call('FUNCTION', 'LOAD', 'REPLACE', COLLECTOR),
      this.call('FCALL', COLLECT, '0'),
      this.call('FUNCTION', 'DELETE', COLLECT),
      this.call('EXEC'),
    ];
    await Promise.allSettled(calls);
    const replies = await calls[calls.length - 1];
    const held = Array.isArray(replies) ? replies[1] : replies;
    if (held instanceof ReplyError) throw held;
    return 1024 * Number(held);
  }

  /**
   * What it remembers for clients that are tracked, who are told that all of it may have changed. Redis looks whether it is too
   * much before a command, as long as somebody is tracked: so this connection is meanwhile.
   *
   * @param keys that it remembers now
   * @param most how many it may remember again
   */
  async forgetTracked(keys: number, most: number): Promise<void> {
    // Of the keys above the limit, n looks one after the other let go of 100 + 200 + … + 100 n.
    const looks = Math.ceil(Math.sqrt(keys / 50)) + 1;
    await Promise.all([
      this.call('CLIENT', 'TRACKING', 'ON'),
      this.call('CONFIG', 'SET', 'tracking-table-max-keys', '1'),
      ...Array.from({ length: looks }, () => this.call('PING')),
      this.call('CONFIG', 'SET', 'tracking-table-max-keys', String(most)),
      this.call('CLIENT', 'TRACKING', 'OFF'),
    ]);
  }

  async deleteFunctions(): Promise<void> {
    await this.call('FUNCTION', 'FLUSH');
  }

  private async demandView(): Promise<FullView> {
    return this.noted(parseView(String(await this.call('INFO', ...VIEW_SECTIONS))));
  }

  private noted(view: FullView): FullView {
    if (view.offset !== this.offset) this.grewAt = performance.now();
    this.offset = view.offset;
    return view;
  }

  private call(...words: string[]): ReturnType<RedisConnection['call']> {
    if (this.connection === undefined || !this.connection.open) {
      const { address: host, port } = this.config;
      this.connection = new RedisConnection(
        { host, port, user: 'guard', password: this.password() },
        PATIENCE_MS,
      );
    }
    return this.connection.call(...words);
  }
}

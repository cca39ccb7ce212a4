import { createConnection } from 'node:net';
import { shardsOf } from '../../../topology/pool-shards.ts';
import type { AnyPlan, PoolSpec } from '../../../topology/types.ts';
import { vipsOf } from '../../../topology/vips.ts';
import type { Ledger } from './ledger.ts';
import { keysOn, shardFinder } from './shard-of.ts';

const EVERY_MS = 100;
/** A newcomer that is not served within this has failed; the next one is on its way by then. */
const PATIENCE_MS = 1000;

export interface NewcomerOptions {
  readonly plan: AnyPlan;
  readonly pool: PoolSpec;
  readonly password: string;
  readonly run: string;
}

/**
 * Ten times a second: connect, AUTH, SET, close. Connections that exist learn of a moved VIP only by their own
 * timeouts; these tell when the service itself was back.
 */
export class Newcomers {
  readonly #options: NewcomerOptions;
  readonly #ledger: Ledger;
  /** The keys it writes, one on each shard. */
  readonly keys: readonly string[];
  readonly #shards: readonly string[];
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #count = 0;
  #password: string;

  constructor(options: NewcomerOptions, ledger: Ledger) {
    this.#options = options;
    this.#password = options.password;
    this.#ledger = ledger;
    const shardOf = shardFinder(options.plan, options.pool);
    this.#shards = shardsOf(options.plan, options.pool).map(({ name }) => name);
    this.keys = this.#shards.map((name) => keysOn(name, `drill:${options.run}:newcomer:${name}`, shardOf)());
  }

  start(): void {
    this.#timer = setInterval(() => {
      const attempt = this.#attempt().finally(() => this.#underWay.delete(attempt));
      this.#underWay.add(attempt);
    }, EVERY_MS);
  }

  usePassword(password: string): void {
    this.#password = password;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
  }

  async #attempt(): Promise<void> {
    const turn = this.#count++ % this.keys.length;
    const [key, shard] = [this.keys[turn], this.#shards[turn]];
    const sentAt = performance.now();
    const vips = vipsOf(this.#options.plan);
    // Each key by each VIP.
    const { address } = vips[Math.floor(this.#count / this.keys.length) % vips.length];
    const ok = await this.#write(address, key, String(this.#count));
    this.#ledger.newcomers.push({ shard, sentAt, endedAt: performance.now(), ok });
  }

  #write(vip: string, key: string, value: string): Promise<boolean> {
    const { pool } = this.#options;
    return new Promise((resolve) => {
      let answer = '';
      const socket = createConnection({ host: vip, port: pool.listen, noDelay: true });
      const end = (ok: boolean): void => {
        clearTimeout(timer);
        socket.destroy();
        resolve(ok);
      };
      const timer = setTimeout(() => end(false), PATIENCE_MS);
      socket.on('error', () => end(false));
      socket.on('close', () => end(false));
      socket.on('connect', () => socket.write(request('AUTH', this.#password) + request('SET', key, value)));
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1');
        const lines = answer.split('\r\n');
        if (lines.length > 2) end(lines[0] === '+OK' && lines[1] === '+OK');
      });
    });
  }
}

const request = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

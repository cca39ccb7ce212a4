import assert from 'node:assert/strict';
import { type Chance, oneOf, seeded } from '../../scripts/chance.ts';
import type { Rules } from './conversation.ts';
import { FuzzClient } from './fuzz-client.ts';
import type { Mishap } from './memory-redis.ts';
import { FuzzScene, SERVERS } from './scene.ts';
import { Vandal } from './vandal.ts';
import { VirtualTime } from './virtual-time.ts';
import { Wanderer } from './wanderer.ts';

/** A kind of pool, what goes wrong in it, and what its clients must put up with. */
interface Setting {
  readonly lines: readonly string[];
  readonly mishaps: readonly Mishap[];
  /** Servers hang, crash and are cut off. */
  readonly trouble: boolean;
  readonly rules: Omit<Rules, 'size'>;
}

const FAULTS =
  /^ERR (Connection refused|Connection timed out|Connection reset by peer|Broken pipe|unknown|Invalid argument)$/;
const RELAYED =
  /^(READONLY|MISCONF|LOADING) .*|^ERR (no master of|written on the master, not confirmed|\d+ bytes already wait|not repeated, |the outcome of|Connection|Broken pipe|unknown|Invalid argument).*/;
const ALL: readonly Mishap[] = [
  'cut before',
  'cut after',
  'half',
  'junk',
  'loading',
  'odd',
  'readonly',
  'misconf',
];

const SETTINGS: readonly Setting[] = [
  {
    lines: ['timeout: 60000'],
    mishaps: [],
    trouble: false,
    rules: { errors: null, revenants: 'none', modes: true },
  },
  {
    lines: ['timeout: 400', 'redis_auth: secret', 'redis_db: 3'],
    mishaps: ALL.filter((mishap) => mishap !== 'odd'),
    trouble: true,
    rules: { errors: new RegExp(`${FAULTS.source}|^(READONLY|MISCONF|LOADING) `), revenants: 'none' },
  },
  {
    lines: ['timeout: 400', 'failover_hold: 3000', 'sentinels:', ' - 10.0.9.9:26379:1'],
    mishaps: ['cut before', 'cut after', 'half', 'junk', 'readonly', 'loading', 'misconf'],
    trouble: true,
    rules: { errors: RELAYED, revenants: 'none' },
  },
  {
    lines: [
      'timeout: 400',
      'failover_hold: 3000',
      'wait_replicas: 1',
      'wait_timeout: 200',
      'sentinels:',
      ' - 10.0.9.9:26379:1',
    ],
    mishaps: ['cut before', 'cut after', 'half', 'junk', 'readonly', 'loading', 'misconf'],
    trouble: true,
    rules: { errors: RELAYED, revenants: 'none' },
  },
  {
    lines: ['timeout: 400', 'auto_eject_hosts: true', 'server_failure_limit: 2', 'server_retry_timeout: 900'],
    mishaps: ['cut before', 'junk', 'half'],
    trouble: true,
    rules: { errors: FAULTS, revenants: 'all' },
  },
];

/**
 * One run of the whole core over the in-memory network: clients with random pipelines and one that sends garbage,
 * every chunk cut at random, short writes, clients that leave; in all settings but one also servers that
 * crash, hang, and answer garbage. Every reply is checked, and in the end nothing may be left waiting.
 * @returns how many requests were answered
 */
export async function fuzzCore(seed: number, rounds: number): Promise<number> {
  const chance = seeded(seed);
  const setting = SETTINGS[seed % SETTINGS.length];
  const time = new VirtualTime();
  const scene = await FuzzScene.open(setting.lines, time);
  const run = new Run(scene, setting, chance);
  time.install();
  try {
    for (let round = 0; round < rounds; round++) await run.round();
    await run.finish();
    return run.answered;
  } finally {
    scene.pool.close();
    time.uninstall();
  }
}

class Run {
  answered = 0;
  private clients: FuzzClient[] = [];
  private vandals: (Vandal | Wanderer)[] = [];
  private readonly down = new Set<number>();
  private nextId = 0;

  constructor(
    private readonly scene: FuzzScene,
    private readonly setting: Setting,
    private readonly chance: Chance,
  ) {}

  async round(): Promise<void> {
    const { chance, scene } = this;
    while (this.clients.length < 1 + chance(8)) this.clients.push(this.newClient());
    for (const client of this.clients) client.ask(chance(4) === 0 ? chance(60) : chance(4));
    if (chance(6) === 0) this.vandals.push(new Vandal(scene, chance));
    if (chance(4) === 0) this.vandals.push(new Wanderer(scene, chance, this.password));
    for (const vandal of this.vandals) vandal.act();
    this.vandals = this.vandals.filter((vandal) => !vandal.gone);
    for (let i = chance(20); i >= 0; i--) {
      scene.network.step(1 + chance(chance(2) === 0 ? 8 : 70_000));
      if (chance(3) > 0) scene.loop.flush();
    }
    if (chance(10) === 0 && this.clients.length > 0) {
      const [left] = this.clients.splice(chance(this.clients.length), 1);
      this.answered += left.conversation.answered;
      left.leave();
    }
    if (this.setting.trouble && chance(3) === 0) await this.trouble();
    if (chance(5) === 0) scene.time.advance(chance(300), () => scene.loop.flush());
    if (chance(8) === 0) this.rest();
  }

  private newClient(): FuzzClient {
    const client = new FuzzClient(`client${this.nextId++}`, this.scene, this.chance, this.setting.rules);
    if (this.password !== undefined) client.login(this.password);
    return client;
  }

  private get password(): string | undefined {
    return this.setting.lines.includes('redis_auth: secret') ? 'secret' : undefined;
  }

  private async trouble(): Promise<void> {
    const { chance, down, scene } = this;
    const i = chance(SERVERS);
    const redis = scene.redises[i];
    switch (chance(7)) {
      case 0:
        redis.hanging = !redis.hanging;
        if (!redis.hanging) redis.goOn();
        break;
      case 1:
        if (down.delete(i)) await scene.start(i);
        else {
          down.add(i);
          scene.stop(i);
        }
        break;
      case 2:
        redis.cut();
        break;
      case 3:
        redis.replicas = chance(3);
        break;
      case 4:
        redis.slams = chance(3);
        break;
      default:
        for (let n = chance(4); n >= 0; n--) redis.mishaps.push(oneOf(chance, this.setting.mishaps));
    }
  }

  /** Where nothing goes wrong, everything that was asked is answered as soon as nothing moves any more. */
  private rest(): void {
    // longer than anybody waits in BLPOP
    this.scene.pass(2000);
    if (this.setting.trouble) return;
    for (const { conversation } of this.clients) {
      assert.equal(conversation.open, 0, `${conversation.name} waits for answers`);
    }
  }

  /** All servers are well again: after a while everybody has every answer, and what is stored is right. */
  async finish(): Promise<void> {
    const { clients, scene } = this;
    for (const [i, redis] of scene.redises.entries()) {
      redis.mishaps.length = 0;
      redis.replicas = 1;
      redis.slams = 0;
      if (this.down.has(i)) await scene.start(i);
      redis.goOn();
    }
    this.down.clear();
    scene.pass(20_000);
    for (const client of clients) client.readAll();
    scene.pass(1000);
    for (const { conversation } of clients) {
      assert.equal(conversation.open, 0, `${conversation.name} waits for answers`);
      this.answered += conversation.answered;
    }
    this.nothingIsLeft();
  }

  private nothingIsLeft(): void {
    const { clients, scene } = this;
    for (const client of clients) client.leave();
    for (const vandal of this.vandals) vandal.leave();
    // longer than a server works on what a client that has left had asked
    scene.pass(4000);
    const connections = scene.pool.servers.flatMap((server) => server.all);
    const waiting = connections.reduce((sum, each) => sum + each.queue.length, 0);
    assert.equal(waiting, 0, 'requests are left in the queues');
    assert.equal(scene.pool.clients.size, 0, 'clients are left');
    const open = connections.filter((each) => each.isConnected).length;
    assert.equal(scene.network.links.length, 2 * open, 'connections are left');
    assert.equal(scene.time.waiting, 0, 'timers are left');
  }
}

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { findBun } from '../../proxy/build.ts';
import { freePort } from '../../scripts/loopback-ports.ts';
import { renderRedisFiles, renderSentinelFiles } from '../../sentinel/files.ts';
import { renderGuardConfig } from '../../sentinel/guard-json.ts';
import type { Account, Plan, RedisMember, SentinelMember } from '../../topology/types.ts';
import { setClock, settableClock } from './settable-clock.ts';
import { type Daemon, spawnDaemon } from './spawn-daemon.ts';
import { planOf, TEST_CREDENTIALS } from './stack-fixture.ts';
import { waitUntil } from './wait-until.ts';

const IMAGE = resolve('sentinel/image');
/** The guard as its image's executable is made from, without the compilation. */
const GUARD = `${findBun()} ${resolve('sentinel/guard/main.ts')}`;

type DataMember = RedisMember | SentinelMember;

/** One line of an entrypoint's log. */
export interface Decision {
  readonly atMs: number;
  readonly text: string;
}

/**
 * One shard with three members and three sentinels, run by the image's own entrypoint scripts as processes on loopback
 * addresses, each with its seed and its volume in a temporary folder.
 */
export class NativeTier {
  #plan: Plan;
  readonly #folder: string;
  readonly #running = new Map<string, Daemon>();
  readonly #killed = new Set<string>();
  /** Library that gives processes a time of day of their own. */
  #clocks: string | undefined;

  private constructor(plan: Plan, folder: string) {
    this.#plan = plan;
    this.#folder = folder;
  }

  static async create(settings = ''): Promise<NativeTier> {
    const plan = await onLoopback(planOf(`name: native\nvip: 198.18.0.100\nshards: 1\n${settings}`));
    const tier = new NativeTier(plan, await mkdtemp(join(tmpdir(), 'twemstack-tier-')));
    for (const member of [...tier.redises, ...tier.sentinels]) tier.#seed(member);
    return tier;
  }

  /** All members running, with one master that its two replicas follow. */
  static async started(settings = ''): Promise<NativeTier> {
    const tier = await NativeTier.create(settings);
    try {
      await tier.start(...tier.sentinels, ...tier.redises);
      await tier.settled(2, 30_000);
      return tier;
    } catch (error) {
      await tier.close();
      throw error;
    }
  }

  get plan(): Plan {
    return this.#plan;
  }

  /** Other addresses for everybody, with their volumes, as when a stack leaves its one network. All must have ended. */
  async move(): Promise<void> {
    this.#plan = await onLoopback(this.#plan);
    for (const member of [...this.redises, ...this.sentinels]) this.#seed(member);
  }

  get redises(): readonly RedisMember[] {
    return this.plan.shards[0].members;
  }

  get sentinels(): readonly SentinelMember[] {
    return this.plan.sentinels;
  }

  /** Starts a member; it may still be making up its mind when this returns. */
  async start(...members: readonly DataMember[]): Promise<void> {
    for (const member of members) {
      const home = join(this.#folder, member.name);
      const daemon = await spawnDaemon('bash', [join(IMAGE, 'entrypoint'), member.role], {
        cwd: '/tmp',
        env: {
          PATH: process.env.PATH,
          TWEMSTACK_SEED: join(home, 'seed'),
          TWEMSTACK_DATA: join(home, 'data'),
          TWEMSTACK_RUN: join(home, 'run'),
          TWEMSTACK_LIB: join(IMAGE, 'lib'),
          TWEMSTACK_GUARD: GUARD,
          ...(this.#clocks === undefined ? {} : settableClock(this.#clocks, this.#clockOf(member))),
        },
      });
      this.#running.set(member.name, daemon);
      this.#killed.delete(member.name);
    }
  }

  /** What Docker's restart policy does: whoever ended by itself starts again. */
  async restartEnded(): Promise<void> {
    for (const member of [...this.redises, ...this.sentinels]) {
      const daemon = this.#running.get(member.name);
      if (daemon?.ended() !== undefined && !this.#killed.has(member.name)) await this.start(member);
    }
  }

  daemon(member: DataMember): Daemon {
    const daemon = this.#running.get(member.name);
    if (daemon === undefined) throw new Error(`${member.name} was never started`);
    return daemon;
  }

  /** SIGKILL, as a crash; returns when they are gone. */
  async kill(...members: readonly DataMember[]): Promise<void> {
    for (const member of members) {
      this.#killed.add(member.name);
      this.daemon(member).signal('SIGKILL');
    }
    for (const member of members) await this.daemon(member).stop();
  }

  /** The guard of a member gets today's file, or one of before `without` was of the shard. It reads it when the member starts. */
  writeGuardFile(member: RedisMember, without?: RedisMember): void {
    const plan = without === undefined ? this.plan : withoutMember(this.plan, without);
    const seed = join(this.#folder, member.name, 'seed');
    writeFileSync(join(seed, 'guard.json'), renderGuardConfig(plan, member, [TEST_CREDENTIALS.guard]));
  }

  /** From their next start on members have a time of day that can be set. @param library what `buildSettableClock` made */
  useClocks(library: string): void {
    this.#clocks = library;
  }

  /** Sets the clock of a member so many seconds away from the machine's. */
  setClock(member: DataMember, seconds: number): void {
    setClock(this.#clockOf(member), seconds);
  }

  #clockOf(member: DataMember): string {
    return join(this.#folder, member.name, 'clock');
  }

  /** A member's data volume. */
  volume(member: DataMember): string {
    return join(this.#folder, member.name, 'data');
  }

  /** The files of a redis' AOF. */
  appendOnly(member: RedisMember): string {
    return join(this.volume(member), 'store', 'appendonlydir');
  }

  /** The volume is gone, as after `docker volume rm`. */
  wipe(member: DataMember): void {
    rmSync(join(this.#folder, member.name, 'data'), { recursive: true, force: true });
    mkdirSync(join(this.#folder, member.name, 'data'));
  }

  /** What the entrypoint decided since its last start. */
  decisions(member: DataMember): Decision[] {
    return [
      ...this.daemon(member)
        .output()
        .matchAll(/^twemstack-\w+ (\d+) \S+: (.*)$/gm),
    ].map(([, atMs, text]) => ({ atMs: Number(atMs), text }));
  }

  /** What a stranger on the machine, or a reader of its logs, sees of a running member. */
  exposed(member: DataMember): { environment: string; argumentsOf: string; log: string } {
    const daemon = this.daemon(member);
    return {
      environment: readFileSync(`/proc/${daemon.pid}/environ`, 'utf8'),
      argumentsOf: readFileSync(`/proc/${daemon.pid}/cmdline`, 'utf8'),
      log: daemon.output(),
    };
  }

  /** Runs one command as an account; connects for it. */
  async call(member: DataMember, account: Account, command: string, ...args: string[]): Promise<unknown> {
    return (await this.#calls(member, account, [command, ...args]))[0];
  }

  /** Runs commands over one connection. */
  async #calls(member: DataMember, account: Account, ...commands: string[][]): Promise<unknown[]> {
    const redis = new Redis({
      host: member.address,
      port: member.port,
      username: account,
      password: TEST_CREDENTIALS[account],
      lazyConnect: true,
      connectTimeout: 900,
      commandTimeout: 2000,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
      disableClientInfo: true,
    });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await Promise.all(commands.map(([command, ...args]) => redis.call(command, ...args)));
    } finally {
      redis.disconnect();
    }
  }

  /** `role:…` of INFO, undefined when it does not answer. */
  async roleOf(member: RedisMember): Promise<string | undefined> {
    try {
      return ((await this.call(member, 'operator', 'ROLE')) as string[])[0];
    } catch {
      return undefined;
    }
  }

  /** The one master, as itself and all sentinels say, with so many linked replicas, all peers known to all sentinels. */
  async settled(replicas: number, withinMs = 20_000): Promise<RedisMember> {
    return await waitUntil('one master with its replicas', () => this.#settledMaster(replicas), {
      withinMs,
      everyMs: 50,
    });
  }

  /** What one sentinel thinks of the shard: SENTINEL MASTER. */
  async sentinelView(sentinel: SentinelMember): Promise<Record<string, string>> {
    const shard = this.plan.shards[0].name;
    const flat = (await this.call(sentinel, 'proxy', 'SENTINEL', 'master', shard)) as string[];
    return Object.fromEntries(
      flat.flatMap((word, index) => (index % 2 === 0 ? [[word, flat[index + 1]]] : [])),
    );
  }

  /** Ends everything and removes the folder. */
  async close(): Promise<void> {
    const daemons = [...this.#running.values()];
    for (const daemon of daemons) daemon.signal('SIGKILL');
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** All output so far, for the message of a failed test. */
  logs(): string {
    return [...this.#running].map(([name, daemon]) => `=== ${name}\n${daemon.output()}`).join('\n');
  }

  async #settledMaster(replicas: number): Promise<RedisMember | undefined> {
    await this.restartEnded();
    const roles = await Promise.all(this.redises.map((member) => this.roleOf(member)));
    const masters = this.redises.filter((_, index) => roles[index] === 'master');
    if (masters.length !== 1) return undefined;
    const info = String(await this.call(masters[0], 'operator', 'INFO', 'replication'));
    if ((info.match(/state=online/g) ?? []).length < replicas) return undefined;
    for (const sentinel of this.sentinels) {
      const view = await this.sentinelView(sentinel);
      if (view.ip !== masters[0].address || Number(view.port) !== masters[0].port) return undefined;
      if (view.flags !== 'master' || Number(view['num-slaves']) < this.redises.length - 1) return undefined;
      if (Number(view['num-other-sentinels']) !== this.sentinels.length - 1) return undefined;
      if (await this.#hasStrayReplica(sentinel)) return undefined;
    }
    return (await this.#replicasHear(masters[0], replicas)) ? masters[0] : undefined;
  }

  /**
   * Whether what the master does now arrives. After a full resync a replica counts as online at once, but it is sent
   * nothing before its first acknowledgement, up to a second later.
   */
  async #replicasHear(master: RedisMember, replicas: number): Promise<boolean> {
    const [, heard] = await this.#calls(
      master,
      'operator',
      ['PUBLISH', 'settled', 'yes?'],
      ['WAIT', String(replicas), '1500'],
    );
    return Number(heard) >= replicas;
  }

  /** True while a sentinel remembers a replica as a master: it would undo its promotion (+convert-to-slave). */
  async #hasStrayReplica(sentinel: SentinelMember): Promise<boolean> {
    const shard = this.plan.shards[0].name;
    const replicas = (await this.call(sentinel, 'proxy', 'SENTINEL', 'REPLICAS', shard)) as string[][];
    return replicas.some((fields) => fields[fields.indexOf('role-reported') + 1] !== 'slave');
  }

  #seed(member: DataMember): void {
    const home = join(this.#folder, member.name);
    const files =
      member.role === 'redis'
        ? renderRedisFiles(this.plan, member, TEST_CREDENTIALS)
        : renderSentinelFiles(this.plan, member, TEST_CREDENTIALS);
    mkdirSync(join(home, 'seed'), { recursive: true });
    mkdirSync(join(home, 'data'), { recursive: true });
    for (const file of files) {
      const content = file.content
        .replaceAll('/etc/twemstack/', `${home}/seed/`)
        .replaceAll('/data/store', `${home}/data/store`)
        // So that links between two members can be told apart, and cut.
        .replace(/^bind (\S+)$/m, 'bind $1\nbind-source-addr $1');
      writeFileSync(join(home, 'seed', file.name), content);
    }
  }
}

const withoutMember = (plan: Plan, { name }: RedisMember): Plan => ({
  ...plan,
  shards: plan.shards.map((shard) => ({
    ...shard,
    members: shard.members.filter((member) => member.name !== name),
  })),
});

/** The plan with every redis and sentinel on a loopback address and port of its own. */
async function onLoopback(plan: Plan): Promise<Plan> {
  const net = `127.${10 + Math.floor(Math.random() * 200)}.${Math.floor(Math.random() * 250)}`;
  const move = async <T extends DataMember>(member: T): Promise<T> => {
    const address = `${net}.${member.address.split('.')[3]}`;
    // Former addresses have the ports of today.
    const before = member.address.startsWith('127.');
    const port = before ? member.port : await freePort(address);
    const moved = { ...member, address, port, formerAddress: member.address };
    if (moved.role !== 'redis' || before) return moved;
    return { ...moved, guardPort: await freePort(address) };
  };
  const shards = await Promise.all(
    plan.shards.map(async (shard) => {
      const members = await Promise.all(shard.members.map(move));
      return { ...shard, members, initialMaster: members[0] };
    }),
  );
  return { ...plan, shards, sentinels: await Promise.all(plan.sentinels.map(move)) };
}

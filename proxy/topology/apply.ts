import { formatAddress } from '../config/addresses.ts';
import type { Pool } from '../core/pool.ts';
import type { PoolServer } from '../core/server/server.ts';
import { serverAccess } from './asking-connection.ts';
import {
  CONFIRM_WITHIN,
  type Decision,
  decide,
  formatPlace,
  heldForDown,
  type MasterState,
  nextState,
  type Place,
  type SentinelView,
  samePlace,
} from './decide.ts';
import { MasterLease } from './master-lease.ts';
import { MasterProbe } from './master-probe.ts';
import { isMember, Strangers } from './membership.ts';
import { type SentinelObserver, SentinelWatch } from './observe.ts';
import { PromotionWatch } from './promotion.ts';

/**
 * How long a start waits for a majority of sentinels before it serves the configured addresses, as far as these say
 * that they are masters. Milliseconds.
 */
const BOOT_GRACE = 1500;

/** One server with its master and what each sentinel said about it. */
interface Followed {
  server: PoolServer;
  state: MasterState;
  views: Map<number, SentinelView>;
  /** Who of them names a master that cannot be. */
  strangers: Strangers;
  /** A replica that was selected, and whether it was seen to become master. */
  candidate: { place: Place; watch: PromotionWatch; promoted: boolean } | null;
  /** Asks a master that the sentinels hold for down. */
  probe: MasterProbe | null;
  /** Ends a provisional master. */
  deadline: NodeJS.Timeout | null;
  /** Whether the master may still be the one; null where promotions do not heed it. */
  lease: MasterLease | null;
}

/** Keeps a pool's servers at the addresses that its sentinels name. */
export class PoolTopology implements SentinelObserver {
  private readonly followed = new Map<string, Followed>();
  private readonly watches: SentinelWatch[];
  private bootTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly pool: Pool,
    private readonly log: (text: string) => void,
  ) {
    const { config } = pool;
    for (const server of pool.servers) {
      const { address } = server;
      const host = address.kind === 'tcp' ? address.host : address.path;
      const port = address.kind === 'tcp' ? address.port : 0;
      const state = { host, port, epoch: 0, waiting: true, provisional: null };
      server.wait();
      const unknown = {
        views: new Map<number, SentinelView>(),
        candidate: null,
        probe: null,
        deadline: null,
        lease: null,
      };
      const followed: Followed = { server, state, strangers: new Strangers(), ...unknown };
      this.followed.set(server.name, followed);
      if (config.guardedPromotions) this.addLease(followed);
      if (config.members.length > 0) server.strangeMasters = [];
    }
    const names = [...this.followed.keys()];
    this.watches = config.sentinels.map((address, index) => {
      const place = address.kind === 'tcp' ? address : { host: address.path, port: 0 };
      const { sentinelUser: user, sentinelPassword: password, sentinelTls: tls } = config;
      const access = { ...place, user, password, tls };
      return new SentinelWatch(index, access, names, this);
    });
    pool.routing.demotionListener = () => this.askAll();
  }

  start(): void {
    for (const watch of this.watches) watch.start();
    this.bootTimer = setTimeout(() => this.endBoot(), BOOT_GRACE);
  }

  stop(): void {
    if (this.bootTimer !== null) clearTimeout(this.bootTimer);
    for (const watch of this.watches) watch.stop();
    for (const followed of this.followed.values()) {
      forgetCandidate(followed);
      followed.probe?.stop();
      followed.lease?.stop();
    }
  }

  private addLease(followed: Followed): void {
    const { config } = this.pool;
    const { server } = followed;
    followed.lease = new MasterLease({
      access: () => serverAccess(followed.state, config),
      replicas: config.waitReplicas,
      askSentinels: () => {
        for (const watch of this.watches) watch.vouch();
      },
      onRenewed: () => server.tryAgain(),
    });
    server.lease = followed.lease;
  }

  /** @inheritdoc */
  onVouched(): void {
    for (const followed of this.followed.values()) this.countVouchers(followed);
  }

  /** The lease goes by the moment at which a majority of the configured sentinels still spoke for the master. */
  private countVouchers({ lease, server, state }: Followed): void {
    if (lease === null || state.provisional !== null) return;
    const since = this.watches
      .flatMap((watch) => watch.vouches(server.name, state) ?? [])
      .sort((a, b) => b - a);
    const majority = Math.floor(this.watches.length / 2) + 1;
    if (since.length >= majority) lease.vouched(since[majority - 1]);
  }

  /** The pool has other passwords: connections that are made from now on use them. */
  adoptSecrets(): void {
    for (const watch of this.watches) watch.usePassword(this.pool.config.sentinelPassword);
  }

  /** Who is master now, by server name; for status and metrics. */
  get masters(): Map<string, MasterState> {
    return new Map([...this.followed].map(([name, each]) => [name, each.state]));
  }

  onView(sentinel: number, master: string, view: SentinelView): void {
    const followed = this.followed.get(master);
    if (followed === undefined) return;
    const stranger = isMember(this.pool.config, master, view) ? null : view;
    if (followed.strangers.note(sentinel, stranger)) this.alarm(followed, sentinel, stranger);
    // Its word counts for nothing: were it to count for the present master, it could keep a shard from a good one.
    if (stranger === null) followed.views.set(sentinel, view);
    else followed.views.delete(sentinel);
    this.review(followed);
    this.countVouchers(followed);
  }

  /** Tells that a sentinel names a master which is no member, or (null) does so no longer. */
  private alarm({ server, state, strangers }: Followed, sentinel: number, place: Place | null): void {
    const nameOf = (index: number): string => formatAddress(this.pool.config.sentinels[index]);
    server.strangeMasters = strangers.describe(nameOf);
    this.log(
      place === null
        ? `sentinel ${nameOf(sentinel)} no longer names a stranger as master of '${server.name}'`
        : `ALARM: sentinel ${nameOf(sentinel)} names ${formatPlace(place)} as master of '${server.name}', which is not ` +
            `one of its members: nothing is sent there, '${server.name}' stays at ${formatPlace(state)}`,
    );
  }

  onReachable(sentinel: number, reason: string | null): void {
    const name = formatAddress(this.pool.config.sentinels[sentinel]);
    this.log(reason === null ? `sentinel ${name} answers` : `sentinel ${name} is lost: ${reason}`);
    if (reason === null) return;
    for (const followed of this.followed.values())
      if (followed.strangers.note(sentinel, null)) this.alarm(followed, sentinel, null);
  }

  onSelected(master: string, place: Place): void {
    const followed = this.followed.get(master);
    const { config } = this.pool;
    if (!config.earlyCutover || followed === undefined || !isMember(config, master, place)) return;
    const { candidate } = followed;
    if (candidate !== null && (candidate.promoted || samePlace(candidate.place, place))) return;
    forgetCandidate(followed);
    const watch = new PromotionWatch(serverAccess(place, config), (promoted) => {
      if (!promoted) followed.candidate = null;
      else if (followed.candidate !== null) {
        followed.candidate.promoted = true;
        this.review(followed);
      }
    });
    followed.candidate = { place, watch, promoted: false };
  }

  private review(followed: Followed): void {
    const { candidate, state } = followed;
    const views = [...followed.views.values()];
    const promoted = candidate?.promoted ? candidate.place : null;
    const now = performance.now();
    const serves = followed.probe?.serves ?? false;
    const { guardedPromotions } = this.pool.config;
    const decision = decide(state, views, this.watches.length, now, promoted, serves, guardedPromotions);
    followed.state = nextState(state, decision);
    if (!samePlace(followed.state, state)) {
      forgetProbe(followed);
      followed.lease?.startOver();
    }
    this.carryOut(followed, decision, state);
    this.probeIfDown(followed, heldForDown(followed.state, views, this.watches.length, now));
  }

  /**
   * Sentinels that have lost a master may be the only ones, and those that gave a failover up do not know what came of it;
   * where promotions take the old master's replicas first, the one that is used can be asked.
   */
  private probeIfDown(followed: Followed, isDown: boolean): void {
    const { config } = this.pool;
    const { state, probe, server } = followed;
    const isEarly = state.provisional !== null;
    if (!config.guardedPromotions || !(isDown || isEarly)) {
      forgetProbe(followed);
      return;
    }
    if (probe !== null) return;
    const created: MasterProbe = new MasterProbe(serverAccess(state, config), config.waitReplicas, () => {
      const what = isEarly ? 'no majority of sentinels names it yet' : 'sentinels hold it for down';
      const how = created.serves ? 'serves although' : 'does not serve, and';
      this.log(`'${server.name}' at ${formatPlace(state)} ${how} ${what}`);
      this.review(followed);
    });
    followed.probe = created;
  }

  /** @param before the state until now */
  private carryOut(followed: Followed, decision: Decision, before: MasterState): void {
    const { server, state } = followed;
    const was = formatPlace(before);
    switch (decision.kind) {
      case 'move':
        this.log(`'${server.name}' is at ${formatPlace(state)} now, was ${was} (epoch ${decision.epoch})`);
        forgetCandidate(followed);
        server.moveTo({ kind: 'tcp', host: state.host, port: state.port });
        break;
      case 'anticipate':
        this.log(`'${server.name}' is at ${formatPlace(state)} ahead of the sentinels' word, was ${was}`);
        followed.deadline = setTimeout(() => this.review(followed), CONFIRM_WITHIN + 1);
        server.moveTo({ kind: 'tcp', host: state.host, port: state.port });
        break;
      case 'confirm':
        this.log(`'${server.name}' at ${was} is confirmed (epoch ${decision.epoch})`);
        forgetCandidate(followed);
        server.tryAgain();
        break;
      case 'undo':
        this.log(`'${server.name}' at ${was} was not confirmed: back to ${formatPlace(state)}`);
        forgetCandidate(followed);
        server.moveTo({ kind: 'tcp', host: state.host, port: state.port });
        server.wait();
        this.review(followed);
        break;
      case 'wait':
        this.log(`'${server.name}': a majority of sentinels holds ${was} for down; requests wait`);
        server.wait();
        break;
      case 'release':
        server.release();
        break;
      case 'keep':
        break;
    }
  }

  private askAll(): void {
    for (const watch of this.watches) watch.ask();
  }

  /** No majority so far: what is configured is the best guess, and every connection checks its ROLE. */
  private endBoot(): void {
    this.bootTimer = null;
    for (const followed of this.followed.values()) {
      if (
        followed.state.epoch > 0 ||
        !followed.server.mustWait ||
        followed.views.size > this.watches.length / 2
      )
        continue;
      this.log(
        `'${followed.server.name}': no majority of sentinels answers; trying ${formatAddress(followed.server.address)}`,
      );
      followed.state = { ...followed.state, waiting: false };
      followed.server.release();
    }
  }
}

function forgetProbe(followed: Followed): void {
  followed.probe?.stop();
  followed.probe = null;
}

function forgetCandidate(followed: Followed): void {
  followed.candidate?.watch.stop();
  followed.candidate = null;
  if (followed.deadline !== null) clearTimeout(followed.deadline);
  followed.deadline = null;
}

import { ReplyError, type Value } from '../protocol/reply-values.ts';
import { type Access, AskingConnection } from './asking-connection.ts';
import { formatPlace, type Place, type SentinelView, samePlace } from './decide.ts';

/** What the sentinels publish that can matter to us; each is a reason to ask again at once. */
const CHANNELS = [
  '+switch-master',
  '+sdown',
  '-sdown',
  '+odown',
  '-odown',
  '+try-failover',
  '+selected-slave',
  '+failover-state-send-slaveof-noone',
  '+promoted-slave',
  '-failover-abort-no-good-slave',
  '-failover-abort-not-elected',
  '-failover-abort-slave-timeout',
  '+failover-end',
  '+tilt',
  '-tilt',
];

/** Those that name the replica which is about to be promoted. */
const SELECTIONS: readonly string[] = ['+selected-slave', '+failover-state-send-slaveof-noone'];

/** Pub/sub loses messages: everything is asked anew this often. Milliseconds. */
const POLL = 1000;
/**
 * A sentinel that has held a master for down may have had a part in a failover that is not over for so long. Milliseconds.
 */
const QUIET = 5000;
/** Pause before a lost connection is made again, milliseconds; and how far it may grow. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 500;

export interface SentinelObserver {
  /** One sentinel has said something new about a master. */
  onView(sentinel: number, master: string, view: SentinelView): void;
  /** One sentinel is about to promote a replica. */
  onSelected(master: string, replica: Place): void;
  /** It has answered what `vouch` asked: see `vouches`. */
  onVouched(): void;
  /** It cannot be reached, or can be again (reason null). */
  onReachable(sentinel: number, reason: string | null): void;
}

/** Watches one sentinel: one connection to listen, one to ask, both remade for ever. */
export class SentinelWatch {
  private asking: AskingConnection | null = null;
  private listening: AskingConnection | null = null;
  private timer: NodeJS.Timeout | null = null;
  private readonly retries = new Set<NodeJS.Timeout>();
  private pause = FIRST_PAUSE;
  private reachable: boolean | null = null;
  /** By its answer; where it may not be asked, by what it published over the connection that listens now. */
  private tilt = false;
  /** It refuses INFO: it has a file of accounts from before. */
  private refusesInfo = false;
  private stopped = false;
  private askedAt = Number.NEGATIVE_INFINITY;
  /** When it was asked what it answered last, by master; and what was heard of all that it said before. */
  private readonly heard = new Map<string, { view: SentinelView; askedAt: number }>();
  private listenedAt = Number.NEGATIVE_INFINITY;
  /** Since when nothing that it published was missed. */
  private listeningSince = Number.POSITIVE_INFINITY;
  /** When it last held a place for down. */
  private readonly downAt = new Map<string, number>();

  constructor(
    private readonly index: number,
    private readonly access: Access,
    private readonly masters: readonly string[],
    private readonly observer: SentinelObserver,
  ) {}

  start(): void {
    this.connectAsking();
    this.connectListening();
    this.timer = setInterval(() => this.vouch(), POLL);
  }

  /** For the connections that are made from now on. */
  usePassword(password: string | null): void {
    this.access.password = password;
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearInterval(this.timer);
    for (const retry of this.retries) clearTimeout(retry);
    this.asking?.close();
    this.listening?.close();
  }

  /**
   * Asks about every master now; what was asked a moment ago is not asked again. Two questions: while a sentinel leads a
   * failover, SENTINEL MASTER shows the old address until every replica follows the new master, about a second longer
   * than GET-MASTER-ADDR-BY-NAME (sentinel.c, sentinelGetCurrentMasterAddress).
   */
  ask(): void {
    const { asking } = this;
    if (asking === null || performance.now() - this.askedAt < 5) return;
    this.askedAt = performance.now();
    const { askedAt } = this;
    // First, so that what it says of masters is held against it. That a TILT is over is published once: whoever lost
    // the connection meanwhile, or the sentinel itself did, would never hear of it, and believe that sentinel no more.
    if (!this.refusesInfo) asking.request(['INFO', 'sentinel'], (reply) => this.onInfo(reply));
    for (const master of this.masters) {
      let current: Value = null;
      asking.request(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master], (reply) => {
        current = reply;
      });
      asking.request(['SENTINEL', 'MASTER', master], (reply) =>
        this.onMaster(master, current, reply, askedAt),
      );
    }
  }

  /**
   * Asks again, and over the other connection whether all that was published has been heard. That is what `vouches` goes by;
   * and who only listens does not notice that the other side has gone without a word.
   */
  vouch(): void {
    this.ask();
    const at = performance.now();
    this.listening?.request(['PING'], () => {
      this.listenedAt = at;
      this.observer.onVouched();
    });
  }

  /**
   * Since when (milliseconds of a monotonic clock) it is certain that this sentinel names a place as master and has not held
   * it for down for a while: then it has had no part in a failover of it. Null: it does not say so.
   */
  vouches(master: string, place: Place): number | null {
    const heard = this.heard.get(master);
    if (heard === undefined || this.listening === null || this.tilt) return null;
    const { view, askedAt } = heard;
    const quietSince = Math.max(this.listeningSince, this.downAt.get(formatPlace(place)) ?? 0);
    if (view.down || !samePlace(view, place) || performance.now() - quietSince < QUIET) return null;
    return Math.min(askedAt, this.listenedAt);
  }

  private connectAsking(): void {
    this.asking = new AskingConnection(
      this.access,
      () => {},
      (reason) => {
        this.asking = null;
        this.lost(reason, () => this.connectAsking());
      },
    );
    this.askedAt = Number.NEGATIVE_INFINITY;
    this.refusesInfo = false;
    this.ask();
  }

  private connectListening(): void {
    this.listening = new AskingConnection(
      this.access,
      (channel, payload) => {
        if (SELECTIONS.includes(channel)) this.onSelection(payload);
        if (channel === '+sdown' || channel === '-sdown') this.onDown(payload);
        if (channel === '+tilt') this.tilt = true;
        if (channel === '-tilt') this.tilt = false;
        this.askedAt = Number.NEGATIVE_INFINITY;
        this.ask();
      },
      (reason) => {
        this.listening = null;
        this.listeningSince = Number.POSITIVE_INFINITY;
        this.tilt = false;
        this.lost(reason, () => {
          this.connectListening();
          this.ask();
        });
      },
    );
    this.listening.subscribe(CHANNELS);
    this.listening.request(['PING'], () => {
      this.listeningSince = performance.now();
    });
  }

  private onInfo(reply: Value): void {
    if (reply instanceof ReplyError) this.refusesInfo = true;
    else if (typeof reply === 'string') this.tilt = /^sentinel_tilt:1/m.test(reply);
  }

  /** `master <name> <ip> <port>`; of others nothing follows. */
  private onDown(payload: string): void {
    const [kind, , host, port] = payload.split(' ');
    if (kind === 'master') this.downAt.set(formatPlace({ host, port: Number(port) }), performance.now());
  }

  /** `slave <name> <ip> <port> @ <master> <ip> <port>` */
  private onSelection(payload: string): void {
    const [, , host, port, , master] = payload.split(' ');
    if (master !== undefined) this.observer.onSelected(master, { host, port: Number(port) });
  }

  private lost(reason: string, again: () => void): void {
    if (this.reachable !== false) {
      this.reachable = false;
      this.observer.onReachable(this.index, reason);
    }
    if (this.stopped) return;
    const retry = setTimeout(
      () => {
        this.retries.delete(retry);
        if (!this.stopped) again();
      },
      this.pause * (0.75 + Math.random() / 2),
    );
    this.retries.add(retry);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  private onMaster(master: string, current: Value, reply: Value, askedAt: number): void {
    if (this.reachable !== true) {
      this.reachable = true;
      this.observer.onReachable(this.index, null);
    }
    this.pause = FIRST_PAUSE;
    // "No such master": a sentinel that has not been told about it has no say
    if (reply instanceof ReplyError || !Array.isArray(reply)) return;
    const fields = new Map<string, string>();
    for (let i = 0; i + 1 < reply.length; i += 2) fields.set(String(reply[i]), String(reply[i + 1]));
    const flags = (fields.get('flags') ?? '').split(',');
    const [host, port] = Array.isArray(current) ? current.map(String) : [];
    const promoted = host !== undefined && (host !== fields.get('ip') || port !== fields.get('port'));
    const view: SentinelView = {
      host: promoted ? host : (fields.get('ip') ?? ''),
      port: Number(promoted ? port : fields.get('port')),
      epoch: Number(fields.get('config-epoch') ?? 0),
      // The flags are those of the old master.
      down: !promoted && (flags.includes('s_down') || flags.includes('o_down')),
      tilt: this.tilt,
      at: performance.now(),
    };
    this.heard.set(master, { view, askedAt });
    if (view.down) this.downAt.set(formatPlace(view), view.at);
    this.observer.onView(this.index, master, view);
  }
}

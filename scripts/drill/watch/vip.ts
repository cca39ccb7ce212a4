import { existsSync, readFileSync } from 'node:fs';
import type Docker from 'dockerode';
import { isOnHosts } from '../../../topology/plan.ts';
import type { AnyPlan, EdgeMember } from '../../../topology/types.ts';
import { areShared, vipsOf } from '../../../topology/vips.ts';
import { containerPid, hostPid } from '../../lab/host.ts';
import { findLab } from '../../lab/lab.ts';
import type { LabHost } from '../../lab/place.ts';
import { hasLocalAddress } from '../../observe/local-addresses.ts';
import type { WatchOptions } from './options.ts';
import type { Timeline } from './timeline.ts';

const EVERY_MS = 50;
/** How often a container on a host of a lab is looked for that is not there: all processes of the machine are asked. */
const SEARCH_MS = 500;

/** A time during which the same edges held the VIP (ms on the run's clock). */
export interface HolderSpan {
  readonly from: number;
  readonly to: number;
  /** Edges that have the address and can act. */
  readonly holders: readonly string[];
  /** Edges that have the address, but are frozen: nothing in them can let go of it. */
  readonly frozen: readonly string[];
  /** Which VIP, where there are several. */
  readonly vip?: string;
}

interface Span extends HolderSpan {
  to: number;
}

/**
 * Looks every 50 ms at the addresses of every edge and at whom this machine's ARP cache takes for each VIP. It reads
 * /proc of this machine, which costs microseconds, so it only sees edges whose engine runs here.
 */
export class VipWatch {
  readonly #plan: AnyPlan;
  readonly #engine: Docker;
  readonly #timeline: Timeline;
  readonly #pids = new Map<string, number>();
  readonly #frozen = new Set<string>();
  /** By VIP. */
  readonly #spans = new Map<string, Span[]>();
  /** Of a stack on the hosts of a lab: the first process of the host that an edge is on. */
  readonly #hosts = new Map<string, LabHost>();
  /** When the process of an edge with an address of its own was last looked for on its host. */
  readonly #searchedAt = new Map<string, number>();
  readonly #neighbours = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;

  private constructor({ plan, engine, timeline }: WatchOptions) {
    this.#plan = plan;
    this.#engine = engine;
    this.#timeline = timeline;
  }

  static async start(options: WatchOptions): Promise<VipWatch> {
    const watch = new VipWatch(options);
    watch.#findHosts();
    await watch.findProcesses();
    watch.#timer = setInterval(() => watch.#look(), EVERY_MS);
    return watch;
  }

  /** Who held the VIP when, without gaps; of several one after the other; undefined when the edges' processes are not on this machine. */
  get spans(): readonly HolderSpan[] | undefined {
    const all = [...this.#spans.values()].flat();
    return this.#pids.size > 0 || this.#hosts.size > 0 || all.some(({ holders }) => holders.length > 0)
      ? all
      : undefined;
  }

  /** Asks the engine for every edge's process. */
  async findProcesses(): Promise<void> {
    if (isOnHosts(this.#plan)) return;
    await Promise.all(this.#plan.edges.map(({ name }) => this.#findProcess(name)));
  }

  /** A container started, stopped, froze or thawed: its process may be another one, or none. */
  containerEvent(name: string, action: string): void {
    if (!this.#plan.edges.some((edge) => edge.name === name)) return;
    if (action === 'pause') this.#frozen.add(name);
    if (action === 'unpause' || action === 'die') this.#frozen.delete(name);
    if (action === 'start') void this.#findProcess(name);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  /** On the network of a host an address is the host's, whatever becomes of the container that put it there. */
  #findHosts(): void {
    if (!isOnHosts(this.#plan)) return;
    const { domains } = this.#plan;
    const lab = findLab(domains.map(({ host }) => host.address));
    for (const edge of this.#plan.edges) {
      const { host: machine } = domains.find(({ name }) => name === edge.domain) ?? {};
      const host = lab?.hosts.find(({ address }) => address === machine?.address);
      if (host !== undefined) this.#hosts.set(edge.name, host);
    }
  }

  async #findProcess(name: string): Promise<void> {
    try {
      const { State } = await this.#engine.getContainer(name).inspect();
      if (State.Pid > 0) this.#pids.set(name, State.Pid);
    } catch {
      this.#pids.delete(name);
    }
  }

  #look(): void {
    const now = performance.now();
    const tables = new Map(this.#plan.edges.map((edge) => [edge.name, this.#addressesOf(edge)]));
    for (const { address } of vipsOf(this.#plan)) {
      const having = [...tables].flatMap(([name, table]) => (hasLocalAddress(table, address) ? [name] : []));
      this.#note(address, having, now);
      this.#lookAtNeighbour(address, now);
    }
  }

  #note(vip: string, having: readonly string[], now: number): void {
    const holders = having.filter((name) => !this.#frozen.has(name));
    const frozen = having.filter((name) => this.#frozen.has(name));
    const spans = this.#spans.get(vip) ?? [];
    this.#spans.set(vip, spans);
    const shared = areShared(this.#plan);
    const last = spans.at(-1);
    if (last !== undefined) last.to = now;
    if (
      last === undefined ||
      last.holders.join() !== holders.join() ||
      last.frozen.join() !== frozen.join()
    ) {
      spans.push({ from: now, to: now, holders, frozen, ...(shared ? { vip } : {}) });
      const text = holders.length === 0 ? 'nobody' : holders.join(' and ');
      const whole = frozen.length > 0 ? `${text} (frozen: ${frozen.join()})` : text;
      this.#timeline.note('vip', 'held by', shared ? `${vip}: ${whole}` : whole, now);
    }
  }

  /** A process whose network is the edge's. */
  #pidOf({ address, name: edge }: EdgeMember): number | undefined {
    const host = this.#hosts.get(edge);
    const known = this.#pids.get(edge);
    if (host === undefined) return known;
    if (host.address === address) return hostPid(host);
    const now = performance.now();
    if (known !== undefined && existsSync(`/proc/${known}`)) return known;
    if (now < (this.#searchedAt.get(edge) ?? 0) + SEARCH_MS) return undefined;
    this.#searchedAt.set(edge, now);
    const found = containerPid(host, address);
    if (found === undefined) this.#pids.delete(edge);
    else this.#pids.set(edge, found);
    return found;
  }

  /** Its table of addresses; empty when it is gone. */
  #addressesOf(edge: EdgeMember): string {
    const pid = this.#pidOf(edge);
    if (pid === undefined) return '';
    try {
      return readFileSync(`/proc/${pid}/net/fib_trie`, 'utf8');
    } catch {
      // The process is gone.
      return '';
    }
  }

  /** Whom this machine would send the next packet for a VIP to. */
  #lookAtNeighbour(vip: string, now: number): void {
    let table: string;
    try {
      table = readFileSync('/proc/net/arp', 'utf8');
    } catch {
      return;
    }
    const row = table.split('\n').find((line) => line.split(/\s+/)[0] === vip);
    const [, , flags, mac] = row?.split(/\s+/) ?? [];
    // 0x2: the entry is complete; without it nobody has answered yet.
    if (mac === undefined || (Number(flags) & 2) === 0 || mac === this.#neighbours.get(vip)) return;
    this.#neighbours.set(vip, mac);
    this.#timeline.note('vip', 'ARP', areShared(this.#plan) ? `${vip}: ${mac}` : mac, now);
  }
}

/** Longest time (ms) with more than one acting holder, and without any. Only what ends after `from` counts. */
export function holderTimes(
  spans: readonly HolderSpan[],
  from: number,
): { readonly several: number; readonly none: number } {
  const longest = (match: (span: HolderSpan) => boolean): number =>
    Math.max(0, ...spans.filter((span) => span.to > from && match(span)).map((span) => span.to - span.from));
  return {
    several: longest(({ holders }) => holders.length > 1),
    none: longest(({ holders }) => holders.length === 0),
  };
}

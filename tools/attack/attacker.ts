import { setTimeout as delay } from 'node:timers/promises';
import { brief, isError, Wire } from './wire.ts';

/** As whom it is tried: with the password that every application has, or with none. */
export type Guise = 'application' | 'nobody';

/** Somebody of the stack, as an attacker may have found out. */
export interface Neighbour {
  readonly name: string;
  readonly role: string;
  readonly address: string;
}

/** What an attacker has: the address that every application has, and, for the worst case, a map of the house. */
export interface Target {
  readonly vip: string;
  readonly port: number;
  /** Ports that applications are meant to reach on the VIP. */
  readonly poolPorts: readonly number[];
  readonly password?: string;
  readonly shards: readonly string[];
  readonly neighbours: readonly Neighbour[];
  /** The edges' addresses on the front network, where an attacker is too; the pools' ports are open there. */
  readonly edgeFronts: readonly string[];
  /** Every port that anything of a stack listens on. */
  readonly knownPorts: readonly number[];
  /** A database that is none of the first pool's. */
  readonly foreignDatabase: number;
  /** VRRP's virtual router id. */
  readonly vrid: number;
}

/** What was heard is searched for passwords; this much of it. */
const HEARD_BYTES = 512 * 1024;

/** A hostile client inside an application's container. */
export class Attacker {
  readonly #heard: Buffer[] = [];
  #heardBytes = 0;

  constructor(
    readonly target: Target,
    readonly guise: Guise,
    /** Every key that it writes begins with this. */
    readonly prefix: string,
    /** When it should be at its end, on performance.now()'s clock. */
    readonly deadline: number,
  ) {}

  get timeLeft(): number {
    return Math.max(0, this.deadline - performance.now());
  }

  /** Everything that came back, as far as it is kept. */
  get heard(): string {
    return Buffer.concat(this.#heard).toString('latin1');
  }

  readonly hear = (bytes: Buffer): void => {
    if (this.#heardBytes >= HEARD_BYTES) return;
    // The chunk is part of a larger buffer, which must not be kept for it.
    this.#heard.push(Buffer.from(bytes.subarray(0, HEARD_BYTES - this.#heardBytes)));
    this.#heardBytes += bytes.length;
  };

  /** A connection to the VIP, or elsewhere, without a word on it. */
  connect(host = this.target.vip, port = this.target.port): Promise<Wire> {
    return Wire.open(host, port, this.hear);
  }

  /** A connection through the VIP that may do what this guise may. */
  async enter(): Promise<Wire> {
    const wire = await this.connect();
    if (this.guise === 'nobody') return wire;
    const answer = await wire.ask('AUTH', this.target.password ?? '');
    if (isError(answer)) throw new Error(`AUTH: ${brief(answer)}`);
    return wire;
  }

  /** As many connections as there are to be had, and how many failed. */
  async many(
    count: number,
    open: () => Promise<Wire> = () => this.enter(),
  ): Promise<{ wires: Wire[]; failed: number }> {
    const wires: Wire[] = [];
    let failed = 0;
    for (let at = 0; at < count && this.timeLeft > 0; at += 100) {
      const batch = Array.from({ length: Math.min(100, count - at) }, open);
      for (const result of await Promise.allSettled(batch)) {
        if (result.status === 'fulfilled') wires.push(result.value);
        else failed += 1;
      }
    }
    return { wires, failed };
  }

  key(name: string | number): string {
    return `${this.prefix}${name}`;
  }

  /** Waits, but not beyond its time. */
  async rest(ms: number): Promise<void> {
    await delay(Math.min(ms, this.timeLeft));
  }
}

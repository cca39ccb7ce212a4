import { type Place, Wire } from './wire.ts';

/** What clients had of one slice of time. */
export interface Slice {
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** Milliseconds from when a request was due to its answer. */
  readonly p50: number;
  readonly p99: number;
}

export interface LoadOptions {
  readonly place: Place;
  readonly clients: number;
  /** Requests that are due each second, whatever becomes of the last ones; undefined = as many as are answered. */
  readonly requestsPerSecond: number | undefined;
  /** The bytes of the n-th request. */
  readonly request: (n: number) => Uint8Array;
}

const TICK_MS = 1;

/** Clients that ask without a pause, so that slices of it differ by what else goes on alone. */
export class SteadyLoad {
  readonly #options: LoadOptions;
  readonly #idle: Wire[] = [];
  readonly #wires: Wire[] = [];
  /** When each request was due that no client was free for. */
  readonly #due: number[] = [];
  #sent = 0;
  #latencies: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #isOver = false;

  private constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** @throws Error when a client cannot connect */
  static async start(options: LoadOptions): Promise<SteadyLoad> {
    const load = new SteadyLoad(options);
    try {
      for (let i = 0; i < options.clients; i++) load.#wires.push(await Wire.open(options.place));
    } catch (error) {
      load.end();
      throw error;
    }
    load.#idle.push(...load.#wires);
    if (options.requestsPerSecond === undefined) load.#askAll();
    else load.#tickAt(options.requestsPerSecond);
    return load;
  }

  /** What clients have until `what` is over. @throws Error of the load, or of `what` */
  async during(what: () => Promise<unknown>): Promise<Slice> {
    this.#latencies = [];
    const begun = performance.now();
    await what();
    const seconds = (performance.now() - begun) / 1000;
    if (this.#failure !== undefined) throw this.#failure;
    const latencies = Float64Array.from(this.#latencies).sort();
    const at = (part: number): number => latencies[Math.floor((latencies.length - 1) * part)];
    return { seconds, requestsPerSecond: latencies.length / seconds, p50: at(0.5), p99: at(0.99) };
  }

  end(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    for (const wire of this.#wires) wire.close();
  }

  #askAll(): void {
    const again = (wire: Wire): void => void this.#ask(wire, performance.now()).then(again, this.#failed);
    for (const wire of this.#idle.splice(0)) again(wire);
  }

  #tickAt(requestsPerSecond: number): void {
    const begun = performance.now();
    let handed = 0;
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (; handed < ((now - begun) / 1000) * requestsPerSecond; handed++) this.#due.push(now);
      this.#serve();
    }, TICK_MS);
  }

  #serve(): void {
    while (this.#due.length > 0 && this.#idle.length > 0) {
      const wire = this.#idle.pop() as Wire;
      this.#ask(wire, this.#due.shift() as number).then((free) => {
        this.#idle.push(free);
        this.#serve();
      }, this.#failed);
    }
  }

  async #ask(wire: Wire, due: number): Promise<Wire> {
    await wire.ask(this.#options.request(this.#sent++));
    this.#latencies.push(performance.now() - due);
    return wire;
  }

  readonly #failed = (error: Error): void => {
    // That its connections end is what `end` does.
    if (!this.#isOver) this.#failure ??= error;
  };
}

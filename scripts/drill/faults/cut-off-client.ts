import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { AnyPlan } from '../../../topology/types.ts';
import { drilledPool } from '../load/drilled-pool.ts';

const CONNECTED_MS = 10_000;

/**
 * Writes through the VIP, ten times a second, and tells of each write that was acknowledged. It connects again when its
 * connection ends, or says nothing for a second. Plain RESP, because it is given to another process as text.
 */
const PROGRAM = `
const { connect } = require('node:net');
const { VIP, PORT, PASSWORD, RUN } = process.env;
let count = 0;
const bulk = (...words) => '*' + words.length + '\\r\\n' + words.map((word) => '$' + Buffer.byteLength(word) + '\\r\\n' + word + '\\r\\n').join('');
function run() {
  const socket = connect(Number(PORT), VIP);
  let pending = [];
  let text = '';
  const next = () => {
    const key = 'drill:' + RUN + ':' + count++;
    pending.push(key);
    socket.write(bulk('SET', key, '1', 'PX', '600000'));
  };
  socket.setTimeout(1000, () => socket.destroy());
  socket.on('connect', () => { pending.push(''); socket.write(bulk('AUTH', PASSWORD)); });
  socket.on('data', (chunk) => {
    text += chunk;
    const lines = text.split('\\r\\n');
    text = lines.pop();
    for (const line of lines) {
      const key = pending.shift();
      if (key && line === '+OK') process.stdout.write(key + '\\n');
      setTimeout(next, 100);
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => setTimeout(run, 200));
}
run();
`;

/** What was in flight when the host was cut off may still be answered; milliseconds. */
const IN_FLIGHT_MS = 300;

interface Acknowledged {
  readonly key: string;
  readonly at: number;
}

/** A client on the side of a host that is about to be cut off: it has the host's own network. */
export class CutOffClient {
  readonly #child: ChildProcessByStdio<null, Readable, null>;
  readonly #acknowledged: Acknowledged[] = [];
  #since = Number.POSITIVE_INFINITY;

  constructor(namespace: string, plan: AnyPlan, password: string) {
    this.#child = spawn('nsenter', [`--net=/run/netns/${namespace}`, process.execPath, '-e', PROGRAM], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        PATH: process.env.PATH,
        VIP: plan.vip,
        PORT: String(drilledPool(plan).listen),
        PASSWORD: password,
        RUN: `cut-off:${process.pid}:${Date.now()}`,
      },
    });
    createInterface({ input: this.#child.stdout }).on('line', (key) =>
      this.#acknowledged.push({ key, at: performance.now() }),
    );
  }

  /** Returns when its writes are acknowledged. @throws Error when none ever is */
  async connected(): Promise<void> {
    const until = performance.now() + CONNECTED_MS;
    while (this.#acknowledged.length === 0) {
      if (performance.now() > until) throw new Error('the client in the host’s network writes nothing');
      await delay(20);
    }
  }

  /** To be called when its host is cut off. */
  cutOff(): void {
    this.#since = performance.now() + IN_FLIGHT_MS;
  }

  /** Ends it. @returns the keys of what was acknowledged although its host was cut off */
  end(): readonly string[] {
    this.#child.kill('SIGKILL');
    return this.#acknowledged.filter(({ at }) => at > this.#since).map(({ key }) => key);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { type Chance, seeded } from '../../scripts/chance.ts';
import { SoakClient } from './soak-client.ts';
import { SoakListeners } from './soak-listeners.ts';
import { SoakQueue } from './soak-queue.ts';
import { SoakRig } from './soak-rig.ts';

export interface SoakOptions {
  readonly seconds: number;
  readonly clients: number;
  readonly seed: number;
  /** Called about every ten seconds. */
  readonly tell: (line: string) => void;
}

export interface SoakResult {
  readonly answered: number;
  readonly errors: number;
  readonly disconnects: number;
  /** Messages that subscribers heard. */
  readonly heard: number;
  /** Jobs that workers were given. */
  readonly given: number;
  readonly troubles: number;
  /** Resident memory of the proxy in the end. */
  readonly proxyMb: number;
}

/**
 * The shipped proxy and real redis-servers under hundreds of clients, while servers are killed, started again and
 * stopped for a while. Every reply is checked against what its client asked. What happens when is not repeatable,
 * what is asked is.
 * @throws Error on the first wrong or missing reply
 */
export async function soak({ seconds, clients, seed, tell }: SoakOptions): Promise<SoakResult> {
  const chance = seeded(seed);
  const rig = new SoakRig();
  try {
    await rig.start();
    const until = Date.now() + seconds * 1000;
    let failed = false;
    const stopped = (): boolean => failed || Date.now() > until;
    const all = Array.from(
      { length: clients },
      (_, i) => new SoakClient(`client${i}`, rig.proxyPort, seeded(seed + i), i % 2 === 1),
    );
    const queue = new SoakQueue(rig.proxyPort, chance);
    const listeners = new SoakListeners(rig.proxyPort, chance);
    const result = (troubles: number): SoakResult => ({
      ...resultOf(all, troubles, rig),
      heard: listeners.heard,
      given: queue.given,
    });
    const troubles = makeTrouble(rig, chance, stopped);
    const reports = setInterval(() => tell(describe(result(0))), 10_000);
    const work = [
      ...all.map((client) => client.run(stopped)),
      queue.run(stopped),
      listeners.run(stopped, troubles),
    ];
    try {
      await Promise.all(work);
    } finally {
      failed = true;
      clearInterval(reports);
      await troubles;
      await Promise.allSettled(work);
    }
    await Promise.all([...all.map((client) => client.finish()), queue.finish()]);
    return result(await troubles);
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}\n${rig.proxyState}`, { cause: error });
  } finally {
    await rig.stop();
  }
}

/** One trouble after the other. @returns how many there were, when all servers are well again */
async function makeTrouble(rig: SoakRig, chance: Chance, stopped: () => boolean): Promise<number> {
  let count = 0;
  for (; !stopped(); count++) {
    const server = chance(rig.serverCount);
    const kind = chance(5);
    // a number of its own: a file in which nothing has changed changes nothing
    if (kind === 0) rig.reload(1001 + count);
    else if (kind < 3) {
      await rig.killServer(server);
      await sleep(chance(300));
      await rig.startServer(server);
    } else {
      rig.signal(server, 'SIGSTOP');
      await sleep(chance(1800));
      rig.signal(server, 'SIGCONT');
    }
    await sleep(200 + chance(800));
  }
  return count;
}

function resultOf(
  all: readonly SoakClient[],
  troubles: number,
  rig: SoakRig,
): Omit<SoakResult, 'heard' | 'given'> {
  const sum = (of: (client: SoakClient) => number): number =>
    all.reduce((total, each) => total + of(each), 0);
  return {
    answered: sum(({ conversation }) => conversation.answered),
    errors: sum(({ conversation }) => conversation.failed),
    disconnects: sum(({ disconnects }) => disconnects),
    troubles,
    proxyMb: rig.proxyMb,
  };
}

/** The result as one line. */
export function describe(result: SoakResult): string {
  const { answered, errors, disconnects, heard, given, troubles, proxyMb } = result;
  const trouble = troubles === 0 ? '' : `, servers killed or stopped ${troubles} times`;
  return `${answered} replies, ${errors} of them errors, 0 wrong; ${disconnects} disconnects; ${heard} messages heard, ${given} jobs given${trouble}; proxy ${proxyMb.toFixed(0)} MB`;
}

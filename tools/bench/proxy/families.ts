import { setTimeout as sleep } from 'node:timers/promises';
import { type Place, requests, Wire } from '../wire.ts';
import { cpuOf, residentOf } from './process-cpu.ts';
import type { Rig, Running } from './rig.ts';
import { judge, median, spreadOf, type Verdict } from './verdict.ts';

/** How long one thing takes through ours and on the redis-server behind it: medians of the rounds. */
export interface FamilyRow {
  readonly name: string;
  readonly unit: 'us' | 'ms';
  readonly plain: number;
  readonly ours: number;
  /** Ours divided by plain. */
  readonly ratio: number;
  /** The larger spread of the two: (max - min) / median. */
  readonly spread: number;
}

/** What clients cost that wait in BLPOP. */
export interface BlockedClients {
  readonly clients: number;
  readonly kibEach: number;
  readonly cpuMsPerSecond: number;
  readonly verdict: Verdict;
}

export interface Families {
  readonly rows: readonly FamilyRow[];
  readonly blocked: BlockedClients;
}

/** One row: sets its clients up at a place and returns what measures once, in the row's unit. */
interface Family {
  readonly name: string;
  readonly unit: FamilyRow['unit'];
  measure(place: Place): Promise<number>;
}

const KEYS = 1_000_000;
const BLOCKED = 1000;
/** Clients that wait already when the others come: what the first ones bring about is not what one more costs. */
const BLOCKED_BEFORE = 200;
/** As for idle clients: until then Bun's collector looks at its heap. */
const SETTLE_MS = 35_000;
const WATCH_MS = 10_000;
const KIB_GOAL = 16;
const CPU_GOAL = 1;

const TRANSACTION = requests(
  ['MULTI'],
  ['SET', 'bench:key', 'x'.repeat(16)],
  ['GET', 'bench:key'],
  ['INCR', 'bench:count'],
  ['HSET', 'bench:hash', 'field', 'value'],
  ['EXPIRE', 'bench:key', '100'],
  ['EXEC'],
);

/** Mean microseconds of so many repetitions, one after the other, the first tenth left out. */
async function repeated(times: number, once: () => Promise<number>): Promise<number> {
  let sum = 0;
  const cold = Math.ceil(times / 10);
  for (let i = 0; i < cold + times; i++) {
    const took = await once();
    if (i >= cold) sum += took;
  }
  return (sum / times) * 1000;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

async function withWires<T>(place: Place, count: number, use: (wires: Wire[]) => Promise<T>): Promise<T> {
  const wires: Wire[] = [];
  try {
    for (let i = 0; i < count; i++) wires.push(await Wire.open(place));
    return await use(wires);
  } finally {
    for (const wire of wires) wire.close();
  }
}

const transaction: Family = {
  name: 'transaction of 5 commands, one client',
  unit: 'us',
  measure: (place) =>
    withWires(place, 1, ([wire]) => repeated(3000, () => timed(() => wire.ask(TRANSACTION, 7)))),
};

/** From LPUSH until the client that waited has the element. */
const handOver: Family = {
  name: 'BLPOP, from LPUSH to the client that waits',
  unit: 'us',
  measure: (place) =>
    withWires(place, 2, ([waits, brings]) =>
      repeated(1000, async () => {
        const popped = waits.ask(requests(['BLPOP', 'bench:queue', '0']));
        // it is to wait already: nobody tells when it does, at a server or a proxy, and this is twenty times what it takes
        await sleep(2);
        return timed(() => Promise.all([brings.ask(requests(['LPUSH', 'bench:queue', 'job'])), popped]));
      }),
    ),
};

/** From PUBLISH until the last subscriber has the message. */
const publish = (subscribers: number, times: number): Family => ({
  name: `PUBLISH to ${subscribers} subscriber${subscribers === 1 ? '' : 's'}, until the last one has it`,
  unit: 'us',
  measure: (place) =>
    withWires(place, subscribers + 1, async ([publisher, ...listening]) => {
      for (const wire of listening) await wire.ask(requests(['SUBSCRIBE', 'bench:channel']));
      return repeated(times, () =>
        timed(() =>
          Promise.all([
            ...listening.map((wire) => wire.next()),
            publisher.ask(requests(['PUBLISH', 'bench:channel', 'x'.repeat(64)])),
          ]),
        ),
      );
    }),
});

const scan: Family = {
  name: `SCAN of ${KEYS.toLocaleString('en')} keys, COUNT 1000`,
  unit: 'ms',
  measure: (place) =>
    withWires(place, 1, ([wire]) =>
      timed(async () => {
        let cursor = '0';
        do {
          const [reply] = await wire.ask(requests(['SCAN', cursor, 'COUNT', '1000']));
          cursor = reply.toString('latin1', 4, 64).split('\r\n')[1];
        } while (cursor !== '0');
      }),
    ),
};

const FAMILIES: readonly Family[] = [
  transaction,
  handOver,
  publish(1, 1000),
  publish(10, 500),
  publish(1000, 30),
];

/** What the families of commands cost beside the redis-server itself, in turn in each round; then clients that wait. */
export async function measureFamilies(
  rig: Rig,
  rounds: number,
  progress: (text: string) => void,
): Promise<Families> {
  await rig.stopProxies();
  const proxy = await rig.fresh('ours', 'ours', { servers: 1 });
  const host = '127.0.0.1';
  const plain: Place = { host, port: rig.redisPorts[0] };
  const ours: Place = { host, port: proxy.port };
  const rows: FamilyRow[] = [];
  const row = async (family: Family): Promise<void> => {
    const result = await compareFamily(family, plain, ours, rounds);
    progress(`${result.name}: ratio ${result.ratio.toFixed(2)}`);
    rows.push(result);
  };
  for (const family of FAMILIES) await row(family);
  await fill(plain);
  await row(scan);
  await withWires(plain, 1, ([wire]) => wire.ask(requests(['FLUSHALL'])));
  progress(`${BLOCKED} clients wait …`);
  const settings = [`blocking_clients: ${BLOCKED_BEFORE + BLOCKED}`];
  const fresh = await rig.fresh('ours', 'ours', { servers: 1, settings });
  return { rows, blocked: await measureBlocked(fresh) };
}

async function compareFamily(
  { name, unit, measure }: Family,
  plain: Place,
  ours: Place,
  rounds: number,
): Promise<FamilyRow> {
  const found = { plain: [] as number[], ours: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const which of round % 2 === 0 ? (['plain', 'ours'] as const) : (['ours', 'plain'] as const))
      found[which].push(await measure(which === 'plain' ? plain : ours));
  }
  const [middleOfPlain, middleOfOurs] = [median(found.plain), median(found.ours)];
  return {
    name,
    unit,
    plain: middleOfPlain,
    ours: middleOfOurs,
    ratio: middleOfOurs / middleOfPlain,
    spread: Math.max(spreadOf(found.plain), spreadOf(found.ours)),
  };
}

/** By a script: a million SETs over the wire would take longer than all the rest. */
async function fill(plain: Place): Promise<void> {
  const script = `for i = 1, ${KEYS} do redis.call('SET', 'bench:scan:' .. i, 'x') end`;
  await withWires(plain, 1, ([wire]) => wire.ask(requests(['EVAL', script, '0'])));
}

async function measureBlocked({ port, pid }: Running): Promise<BlockedClients> {
  const place = { host: '127.0.0.1', port };
  // nobody brings anything, and at the end they leave
  const wait = (wires: readonly Wire[]): void => {
    for (const wire of wires) void wire.ask(requests(['BLPOP', 'bench:nothing', '0'])).catch(() => undefined);
  };
  return withWires(place, BLOCKED_BEFORE, async (first) => {
    wait(first);
    await sleep(SETTLE_MS);
    const before = residentOf(pid);
    return withWires(place, BLOCKED, async (wires) => {
      wait(wires);
      await sleep(SETTLE_MS);
      const cpuBefore = cpuOf(pid);
      await sleep(WATCH_MS);
      // a thread that has ended is not counted any more
      const cpuMsPerSecond = Math.max(0, cpuOf(pid) - cpuBefore) / 1e6 / (WATCH_MS / 1000);
      const kibEach = ((residentOf(pid) - before) * 1024) / BLOCKED;
      const verdicts = [
        judge(kibEach, { atMost: KIB_GOAL }, 0, false),
        judge(cpuMsPerSecond, { atMost: CPU_GOAL }, 0, false),
      ];
      const verdict = verdicts.includes('missed') ? 'missed' : 'met';
      return { clients: BLOCKED, kibEach, cpuMsPerSecond, verdict };
    });
  });
}

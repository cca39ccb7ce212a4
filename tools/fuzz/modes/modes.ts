import fc from 'fast-check';
import { seeded } from '../../../scripts/chance.ts';
import { SoakRig } from '../soak-rig.ts';
import { programs } from './program.ts';
import { differs } from './same.ts';
import type { Setting } from './step.ts';

export interface ModesResult {
  readonly programs: number;
  /** The smallest program that was found to be answered otherwise; null = none was. */
  readonly failure: string | null;
}

/** As many as a redis-server has. */
const DATABASES = 'databases: 16';
const TWO = ['hash_tag: "{}"', 'distribution: modula'];

const MOST_BEFORE_RESTART = 10;

/** Programs from one seed before the next one begins: its number is all that is needed to do the same again. */
const PER_SEED = 10;

/** Where programs are carried out besides on a redis-server, in words, and with which lines in the pool's section. */
const SETTINGS: ReadonlyArray<{ name: string; setting: Setting; lines: readonly string[] }> = [
  { name: 'one server', setting: { servers: 1 }, lines: [] },
  { name: 'two servers, all on one of them', setting: { servers: 2 }, lines: TWO },
  { name: 'two servers', setting: { servers: 2, isSpread: true }, lines: TWO },
  {
    name: 'two servers, with transactions in parts',
    setting: { servers: 2, isSpread: true, inParts: true },
    lines: [...TWO, 'transactions: per_shard'],
  },
];

/**
 * Random programs in all modes, carried out on a plain redis-server, and at proxies before one server and before two.
 * @param tell called with a line about every ten seconds
 */
export async function fuzzModes(
  minutes: number,
  first: number,
  tell: (line: string) => void,
): Promise<ModesResult> {
  const plain = new SoakRig(1);
  const rigs = SETTINGS.map(({ setting, lines }) => new SoakRig(setting.servers, [...lines, DATABASES]));
  const until = Date.now() + minutes * 60_000;
  let carriedOut = 0;
  let told = Date.now();
  try {
    await Promise.all([plain, ...rigs].map((rig) => rig.start()));
    for (let seed = first; carriedOut === 0 || Date.now() < until; seed++) {
      for (const [i, { name, setting }] of SETTINGS.entries()) {
        const { proxyPort: port, serverPorts: servers } = rigs[i];
        const chance = seeded(seed);
        // every other seed: so that it is known whether that is what makes the difference
        const trouble = seed % 2 === 0 ? undefined : { chance, reload: () => rigs[i].reload() };
        const restarts = seed % 3 === 0;
        const asked: Setting = { ...setting, restarts };
        const begin = (): Promise<unknown> => Promise.all(servers.map((_, n) => rigs[i].restartServer(n)));
        const result = await fc.check(
          fc.asyncProperty(programs(asked), async (steps) => {
            carriedOut++;
            const restart = restarts ? { after: 1 + chance(MOST_BEFORE_RESTART), servers: begin } : undefined;
            const ours = { port, servers, trouble, restart };
            const difference = await differs(plain.serverPorts[0], ours, asked, steps);
            if (difference !== null) throw new Error(difference);
          }),
          { seed, numRuns: PER_SEED },
        );
        if (!result.failed) continue;
        const words = (result.errorInstance as Error | null)?.message ?? 'no reason was given';
        const again = `repeat it with: npm run fuzz -- modes 0.01 ${seed}`;
        return { programs: carriedOut, failure: `seed ${seed}, ${name}:\n${words}\n${again}` };
      }
      if (Date.now() - told < 10_000) continue;
      told = Date.now();
      tell(`seeds ${first}..${seed}: ${carriedOut} programs, all answered alike`);
    }
    return { programs: carriedOut, failure: null };
  } finally {
    await Promise.all([plain, ...rigs].map((rig) => rig.stop()));
  }
}

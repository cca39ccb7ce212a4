import fc from 'fast-check';
import { SoakRig } from '../soak-rig.ts';
import { program } from './program.ts';
import { differs } from './same.ts';

export interface ModesResult {
  readonly programs: number;
  /** The smallest program that was found to be answered otherwise; null = none was. */
  readonly failure: string | null;
}

/** As many as a redis-server has. */
const DATABASES = 'databases: 16';

/** Programs from one seed before the next one begins: its number is all that is needed to do the same again. */
const PER_SEED = 20;

/**
 * Random programs in all modes, carried out on a plain redis-server, at a proxy before one server, and at one before two.
 * @param tell called with a line about every ten seconds
 */
export async function fuzzModes(
  minutes: number,
  first: number,
  tell: (line: string) => void,
): Promise<ModesResult> {
  const rigs = [new SoakRig(1), new SoakRig(1, [DATABASES]), new SoakRig(2, ['hash_tag: "{}"', DATABASES])];
  const until = Date.now() + minutes * 60_000;
  let programs = 0;
  let told = Date.now();
  try {
    await Promise.all(rigs.map((rig) => rig.start()));
    const [plain, ...ours] = rigs;
    for (let seed = first; programs === 0 || Date.now() < until; seed++) {
      for (const { proxyPort: port, serverPorts: servers } of ours) {
        const result = await fc.check(
          fc.asyncProperty(program, async (steps) => {
            programs++;
            const difference = await differs(plain.serverPorts[0], { port, servers }, steps);
            if (difference !== null) throw new Error(difference);
          }),
          { seed, numRuns: PER_SEED },
        );
        if (!result.failed) continue;
        const where = `${servers.length} server${servers.length === 1 ? '' : 's'}`;
        const words = (result.errorInstance as Error | null)?.message ?? 'no reason was given';
        const again = `repeat it with: npm run fuzz -- modes 0.01 ${seed}`;
        return { programs, failure: `seed ${seed}, before ${where}:\n${words}\n${again}` };
      }
      if (Date.now() - told < 10_000) continue;
      told = Date.now();
      tell(`seeds ${first}..${seed}: ${programs} programs, all answered alike`);
    }
    return { programs, failure: null };
  } finally {
    await Promise.all(rigs.map((rig) => rig.stop()));
  }
}

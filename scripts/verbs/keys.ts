import { homeIn, poolsOf, type Spread, spreadOf } from '../data/key-homes.ts';
import { keyNames } from '../data/key-names.ts';
import { EXIT, InputError } from '../errors.ts';
import { table } from '../report/table.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { type CommonOptions, printJson } from './context.ts';

/** Above this many times its fair share a shard is pointed at. */
const UNEVEN = 1.5;

/** Tells the shard of each key in each pool, by the proxy's own ring; asks nobody. */
export async function locateVerb(options: CommonOptions, ...given: string[]): Promise<number> {
  // commander gives `[key...]` as one array
  const keys = given.flat();
  if (keys.length === 0) {
    throw new InputError('there is no key to look for', {
      where: 'keys locate',
      remedy: '`twemstack keys locate user:1 user:2`',
    });
  }
  const pools = poolsOf(loadAnyPlan(options.file));
  const homes = pools.map((pool) => homeIn(pool));
  const found = keys.map((key) => homes.map((home) => home(Buffer.from(key))));
  if (options.json === true) {
    printJson(
      keys.map((key, k) => ({
        key,
        pools: Object.fromEntries(pools.map(({ name }, p) => [name, found[k][p] ?? null])),
      })),
    );
  } else {
    const rows = keys.map((key, k) => [key, ...found[k].map((shard) => shard ?? 'any (random)')]);
    process.stdout.write(table(['key', ...pools.map(({ name }) => name)], rows));
  }
  return EXIT.done;
}

/** Shows how keys would be spread: `plan --keys`. @param given a file or a pattern, see `keyNames` */
export async function spreadVerb(options: CommonOptions, given: string): Promise<number> {
  const spreads = await spreadOf(poolsOf(loadAnyPlan(options.file)), keyNames(given));
  if (options.json === true) printJson(spreads);
  else process.stdout.write(spreads.map(spreadText).join('\n'));
  return EXIT.done;
}

export function spreadText({ hashes, pool, shards }: Spread): string {
  const all = shards.reduce((sum, { keys }) => sum + keys, 0);
  const text = `pool ${pool}: ${all} keys\n${table(
    ['shard', 'keys', 'share', 'by weight'],
    shards.map(({ fair, keys, share, shard }) => [shard, String(keys), percent(share), percent(fair)]),
  )}`;
  const full = shards.find(({ fair, share }) => share > fair * UNEVEN);
  if (full === undefined || shards.length === 1) return text;
  const told = `${text}${full.shard} has ${percent(full.share)} of these keys.`;
  const better = hashes.filter(({ largest }) => largest <= full.fair * UNEVEN).slice(0, 3);
  if (better.length === 0) return `${told} No hash spreads them better: is it their hash tag?\n`;
  const shares = better.map(({ hash, largest }) => `${hash} ${percent(largest)}`).join(', ');
  return `${told} The largest share with another hash: ${shares}; a change of the hash moves keys that exist.\n`;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

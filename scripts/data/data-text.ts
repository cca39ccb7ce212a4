import { table } from '../report/table.ts';
import type { Contents } from './contents.ts';
import type { DataEdit } from './data-edit.ts';
import type { PoolMoves } from './key-moves.ts';
import type { OutOfReach } from './out-of-reach.ts';

/** What volumes hold, one a row. */
export function surplusText(volumes: readonly Contents[]): string {
  const rows = volumes.map(({ volume, keys, bytes, lastWritten }) => [
    volume,
    keys === undefined ? '-' : String(keys),
    bytes === undefined ? '?' : bytesText(bytes),
    lastWritten === undefined ? '?' : new Date(lastWritten).toISOString().replace(/\..*/, 'Z'),
  ]);
  return table(['volume', 'keys', 'size', 'last written'], rows);
}

/** What becomes of the keys of pools. */
export function movesText(moves: readonly PoolMoves[]): string {
  const lines = moves.flatMap(({ pool, share, tagged, shards, why }) => [
    `pool ${pool}: ${why.join('; ')}`,
    `  ${percent(share)} of all keys change their shard${tagged === undefined ? '' : `, ${percent(tagged)} of those with a hash tag`}`,
    ...shards.map(({ shard, share: part }) => `  ${percent(part)} of those on ${shard}`),
  ]);
  return `${lines.join('\n')}\n`;
}

/** Keys that nobody would get at, one database a line. */
export function outOfReachText(all: readonly OutOfReach[]): string {
  const lines = all.map(
    ({ pool, database, keys }) =>
      `pool ${pool}: database ${database}: ${keys === undefined ? 'how many keys could not be found out' : `${keys} keys`}`,
  );
  return `${lines.join('\n')}\n`;
}

/** All that a stack file does to data, for a person who only looks; empty when it does nothing. */
export function dataEditText({ surplus, moves, outOfReach, former, notes }: DataEdit): string {
  const parts = notes.map((note) => `note: ${note}\n`);
  if (surplus.length > 0) {
    parts.push(
      `data that stack.yaml has no place for (it stays until --remove-data names it):\n${surplusText(surplus)}`,
    );
  }
  if (moves.length > 0) {
    parts.push(
      `keys that change their shard, held against ${former?.source} (refused without --moves-keys):\n${movesText(moves)}`,
    );
  }
  if (outOfReach.length > 0) {
    parts.push(
      `keys in databases that their pool does not serve any more (refused without --moves-keys):\n${outOfReachText(outOfReach)}`,
    );
  }
  return parts.join('\n');
}

/** The same for machines: times in ISO 8601, shares from 0 to 1. */
export function dataEditDocument({
  surplus,
  moves,
  outOfReach,
  former,
  notes,
}: DataEdit): Record<string, unknown> {
  return {
    removes: surplus.map(({ volume, keys, bytes, lastWritten }) => ({
      volume,
      keys: keys ?? null,
      bytes: bytes ?? null,
      lastWritten: lastWritten === undefined ? null : new Date(lastWritten).toISOString(),
    })),
    moves: moves.map(({ tagged, ...pool }) => ({ ...pool, tagged: tagged ?? null })),
    outOfReach: outOfReach.map(({ keys, ...each }) => ({ ...each, keys: keys ?? null })),
    heldAgainst: former?.source ?? null,
    notes,
  };
}

/** `412 B`, `3.4 kB`, `27 MB` */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Never 0 % of what is not nothing. */
const percent = (share: number): string =>
  share > 0 && share < 0.001 ? '< 0.1 %' : `${(100 * share).toFixed(1)} %`;

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { SEED_DIR } from '../../sentinel/paths.ts';
import { listContainers, readFileIn } from '../observe/engine.ts';
import type { Home } from '../stack/home.ts';
import { readIfPresent, writePrivate } from '../stack/private-file.ts';
import { checkRouting, routingOf } from './key-moves.ts';

const POOL_FILE = 'nutcracker.yml';

/** Where keys lived until now, and who says so. */
export interface FormerRouting {
  /** As `routingOf` gives it. */
  readonly text: string;
  readonly source: string;
}

export const routingFile = (home: Home, stack: string): string => join(home.stack(stack), 'routing.yml');

/** Keeps where the keys of a stack live from now on, for a time when no proxy of it stands. */
export function recordRouting(home: Home, stack: string, routing: string): void {
  home.privateDir(home.stack(stack));
  writePrivate(routingFile(home, stack), routingOf(routing));
}

/**
 * Where the keys of a stack lived until now: what its proxies go by, if they stand and agree; else what was written down
 * when it was last changed; else what was rendered last. undefined: nobody knows.
 *
 * @param engine undefined: there is none to ask
 */
export async function formerRouting(
  home: Home,
  stack: string,
  engine: Docker | undefined,
): Promise<FormerRouting | undefined> {
  const running = engine === undefined ? [] : await routingsOnEngine(engine, stack);
  const record = usableRouting(readIfPresent(routingFile(home, stack)));
  if (running.length === 1) return { text: running[0], source: 'what the proxies go by' };
  if (record !== undefined)
    return { text: record, source: 'what was written down when it was last deployed' };
  // A change that came to a stop between two domains, and no record of what it started from.
  if (running.length > 1)
    return { text: running[0], source: 'what a proxy goes by; others go by something else' };
  const rendered = usableRouting(lastRendered(home, stack));
  return rendered === undefined ? undefined : { text: rendered, source: 'the pool file rendered last' };
}

/** The different routings that the proxies of a stack have, running or not. */
async function routingsOnEngine(engine: Docker, stack: string): Promise<string[]> {
  const proxies = [...(await listContainers(engine, stack)).values()].filter(({ role }) => role === 'proxy');
  const files = await Promise.all(
    proxies.map(({ name }) => readFileIn(engine, name, `${SEED_DIR}/${POOL_FILE}`)),
  );
  const routings = files.flatMap((file) => usableRouting(file) ?? []);
  return [...new Map(routings.map((text) => [anywhere(text), text])).values()];
}

/** On several hosts each proxy listens on an address of its own: keys live in the same places all the same. */
const anywhere = (routing: string): string => routing.replace(/^( +listen: ).*:(\d+)$/gm, '$1*:$2');

function lastRendered(home: Home, stack: string): string | undefined {
  const seeds = join(home.stack(stack), 'seed');
  try {
    const [proxy] = readdirSync(seeds).filter((member) => readIfPresent(join(seeds, member, POOL_FILE)));
    return proxy === undefined ? undefined : readIfPresent(join(seeds, proxy, POOL_FILE));
  } catch {
    // No folder: nothing was rendered here.
    return undefined;
  }
}

/** A file that a proxy would take; a damaged one is as good as none. */
export function usableRouting(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return checkRouting(routingOf(text));
  } catch {
    return undefined;
  }
}

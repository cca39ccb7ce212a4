import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { cacheFolder } from '../../../scripts/prepare/debian-base.ts';

const PROGRAMS = new URL('programs/', import.meta.url).pathname;
const INSTALL_MS = 180_000;

/** A client library and the program that uses it. */
export interface ClientProgram {
  readonly name: string;
  /** Folder or file below programs/ that the installation depends on. */
  readonly source: string;
  /** Run in an empty folder that holds a copy of `source`; makes everything that `run` needs. */
  readonly install: readonly (readonly [program: string, ...args: string[]])[];
  /** Program and arguments before port and protocol, given the folder of the installation. */
  run(folder: string): readonly [program: string, ...args: string[]];
  /** Arguments after them. */
  last?(folder: string): readonly string[];
}

export const CLIENTS: readonly ClientProgram[] = [
  {
    name: 'ioredis',
    source: 'ioredis.mjs',
    install: [],
    run: () => [process.execPath, join(PROGRAMS, 'ioredis.mjs')],
  },
  {
    name: 'node-redis 6.3.1',
    source: 'node-redis.mjs',
    install: [
      ['npm', 'install', '--prefix', '.', '--no-audit', '--no-fund', '--ignore-scripts', 'redis@6.3.1'],
    ],
    run: () => [process.execPath, join(PROGRAMS, 'node-redis.mjs')],
    last: (folder) => [folder],
  },
  {
    name: 'redis-py 8.1.0',
    source: 'redis_py.py',
    install: [
      [
        'python3',
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '--target',
        '.',
        'redis==8.1.0',
      ],
    ],
    run: (folder) => ['python3', join(folder, 'redis_py.py')],
  },
  {
    name: 'go-redis 9.23.0',
    source: 'go-redis',
    install: [['go', 'build', '-o', 'program', '.']],
    run: (folder) => [join(folder, 'program')],
  },
  {
    name: 'Jedis 8.0.2',
    source: 'jedis',
    install: [
      ['mvn', '-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=jars'],
      ['javac', '-cp', 'jars/*', 'JedisProgram.java'],
    ],
    run: (folder) => ['java', '-cp', `${folder}:${join(folder, 'jars')}/*`, 'JedisProgram'],
  },
];

/**
 * Puts a client into the cache, where it stays until its version or its program changes.
 * @returns the folder it is in, or why this machine cannot install it
 */
export async function installClient(client: ClientProgram): Promise<{ folder: string } | { reason: string }> {
  const folder = join(cacheFolder(), 'clients', stampOf(client));
  if (existsSync(folder)) return { folder };
  const work = `${folder}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    const source = join(PROGRAMS, client.source);
    cpSync(
      source,
      client.install.length > 0 && !client.source.includes('.') ? work : join(work, client.source),
      {
        recursive: true,
      },
    );
    for (const [program, ...args] of client.install) {
      await execa(program, args, { cwd: work, timeout: INSTALL_MS, stdin: 'ignore' });
    }
    if (!existsSync(folder)) renameSync(work, folder);
    return { folder };
  } catch (error) {
    const lines = (error as Error).message.trim().split('\n');
    return { reason: `${lines[0]}: ${lines.at(-1)}` };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function stampOf({ name, source, install }: ClientProgram): string {
  const hash = createHash('sha256').update(JSON.stringify(install));
  const path = join(PROGRAMS, source);
  const files = source.includes('.') ? [path] : readdirSync(path).map((file) => join(path, file));
  for (const file of files) hash.update(readFileSync(file));
  return `${name.replace(' ', '-')}-${hash.digest('hex').slice(0, 12)}`;
}

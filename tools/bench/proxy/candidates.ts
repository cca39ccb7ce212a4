import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { execa } from 'execa';
import { buildProxy } from '../../../proxy/build.ts';
import { EnvironmentError } from '../../../scripts/errors.ts';

/** What is measured: the original, ours as it is shipped, and ours on node:net. */
export type CandidateName = 'original' | 'ours' | 'node';

const DEBIAN_PATH = '/usr/sbin/nutcracker';
const EXECUTABLE = 'dist/nutcracker';

/** Programs with the arguments that come before nutcracker's own. */
export type Programs = Readonly<Record<CandidateName, readonly string[]>>;

/** Builds ours and finds the rest. @throws EnvironmentError naming what is not installed */
export async function preparePrograms(): Promise<Programs> {
  const missing = [];
  for (const name of ['redis-server', 'redis-benchmark', 'redis-cli', 'taskset']) {
    if ((await execa('which', [name], { reject: false })).exitCode !== 0) missing.push(name);
  }
  if (!existsSync(DEBIAN_PATH)) missing.push(DEBIAN_PATH);
  if (missing.length > 0) {
    throw new EnvironmentError(`not installed: ${missing.join(', ')}`, {
      remedy: 'apt-get install nutcracker redis-server redis-tools util-linux',
    });
  }
  buildProxy(resolve(EXECUTABLE));
  return {
    original: [DEBIAN_PATH],
    ours: [resolve(EXECUTABLE)],
    node: [process.execPath, '--import', 'tsx', resolve('proxy/nutcracker.ts')],
  };
}

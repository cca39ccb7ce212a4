import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { StackRun } from '../support/stack-run.ts';

/** Places where a password of the stack was found, as `<place>: <account>`. Empty is what must be. */
export async function secretsFound(stack: StackRun): Promise<string[]> {
  const places = new Map<string, string>();
  for (const dir of [stack.home.outdir, join(stack.home.stack(stack.plan.name), 'state')]) {
    for (const file of filesBelow(dir)) places.set(file, readFileSync(file, 'latin1'));
  }
  const { docker } = stack.engine;
  for (const { Id, Names, State } of await docker.listContainers({ all: true })) {
    const container = docker.getContainer(Id);
    places.set(`inspect ${Names[0]}`, JSON.stringify(await container.inspect()));
    places.set(`log ${Names[0]}`, (await container.logs({ stdout: true, stderr: true })).toString('latin1'));
    // The seed containers never run.
    if (State !== 'running') continue;
    const { Processes } = (await container.top()) as { Processes: string[][] };
    for (const process of Processes)
      for (const [what, text] of processTexts(process[1])) places.set(what, text);
  }
  const accounts = Object.entries(stack.credentials());
  return [...places].flatMap(([place, text]) =>
    accounts.filter(([, password]) => text.includes(password)).map(([account]) => `${place}: ${account}`),
  );
}

/** Command line and environment of a container's process, as this machine's process list shows them. */
function processTexts(pid: string): Array<[string, string]> {
  return ['cmdline', 'environ'].flatMap((what): Array<[string, string]> => {
    try {
      return [[`${what} of ${pid}`, readFileSync(`/proc/${pid}/${what}`, 'latin1')]];
    } catch (error) {
      // The process ended between the listing and the look.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  });
}

/** Regular files below a folder; links (the plugin mirror) are not followed. */
function filesBelow(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() && statSync(path).size < 50_000_000 ? [path] : [];
  });
}

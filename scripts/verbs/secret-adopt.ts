import { existsSync, renameSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT, InputError, NotSoError, OperatorError } from '../errors.ts';
import { type Adopted, adopt } from '../rotation/adopt.ts';
import {
  credentialsFile,
  parseStored,
  readStored,
  type StoredCredentials,
  writeStored,
} from '../stack/credentials.ts';
import { demandEngines } from '../stack/engines.ts';
import { type Home, stackFolder } from '../stack/home.ts';
import { readInstance, writeInstance } from '../stack/instance.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { readIfPresent } from '../stack/private-file.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

/** Gives a stack whose credentials are lost its passwords back. */
export async function adoptVerb(options: CommonOptions & { readonly from?: string }): Promise<number> {
  const plan = loadAnyPlan(options.file);
  const { home } = verbContext(options);
  const path = credentialsFile(home, plan.name);
  const stored = storedOrLost(home, plan.name);
  if (stored !== undefined && readInstance(home, plan.name) !== undefined) {
    throw new NotSoError(`the passwords of ${plan.name} are here`, {
      where: path,
      remedy: 'nothing was changed; `twemstack secret rotate NAME` changes one',
    });
  }
  const { client } = await demandEngines(plan, stackFolder(options.file));
  const adopted = await adopt(home, plan, client, stored ?? backupOf(options.from));
  if (stored === undefined && existsSync(path)) renameSync(path, `${path}.damaged`);
  writeStored(home, plan.name, adopted.stored);
  if (adopted.instance !== undefined) writeInstance(home, plan.name, adopted.instance);
  const { drawn, membersExist } = adopted;
  if (options.json === true) printJson({ stack: plan.name, drawn, membersExist });
  else process.stdout.write(`${path}: ${outcome(adopted)}\n`);
  return EXIT.done;
}

/** What is there and good is not replaced; undefined when there is nothing, or it is damaged. */
function storedOrLost(home: Home, stack: string): StoredCredentials | undefined {
  try {
    return readStored(home, stack);
  } catch (error) {
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}

function backupOf(from: string | undefined) {
  if (from === undefined) return undefined;
  const path = resolve(from);
  const text = readIfPresent(path);
  if (text === undefined) throw new InputError('there is no such file', { where: `--from ${path}` });
  return parseStored(text, path);
}

function outcome({ drawn, membersExist }: Adopted): string {
  if (drawn.length === 0) return 'the passwords are back, and the members know them';
  const found = `the passwords of ${drawn.join(', ')} are nowhere in clear, so new ones were drawn; the others are back`;
  return membersExist
    ? `${found}. What runs does not know the new ones: \`twemstack down\` (the data stays), then \`twemstack up\``
    : `${found}. \`twemstack up\` deploys with them`;
}

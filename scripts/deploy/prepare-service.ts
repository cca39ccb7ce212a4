import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ServiceInputs } from '../../stacks/inputs.ts';
import { planOf, type StackDefinition } from '../../topology/definition.ts';
import type { Credentials, Plan } from '../../topology/types.ts';
import { EnvironmentError } from '../errors.ts';
import { NODE_REMEDY, nodeFault } from '../node-version.mjs';
import { consoleReporter, SILENT } from '../report/steps.ts';
import { Home } from '../stack/home.ts';
import { loadPlan } from '../stack/load.ts';
import { madeBy } from '../stack/made-by.ts';
import { readIfPresent, writePrivate } from '../stack/private-file.ts';
import { prepareInputs } from './prepare-inputs.ts';
import { linkProvidersOf } from './synth.ts';

export interface ServiceOptions {
  /**
   * The service: an object with the fields of stack.yaml, or the path of such a file.
   * @default stack.yaml, of the working directory or the nearest folder above it that has one
   */
  readonly stack?: StackDefinition | string;
  /**
   * Folder that `cdktf.out` of the app is in; passwords, rendered files and states are kept in `.twemstack` there.
   * @default the working directory
   */
  readonly folder?: string;
  /** Tells what is found and made. @default true: on stderr */
  readonly verbose?: boolean;
}

/** A file for the `upload` of a container: terraform's state gets its path and hash, never what it holds. */
export interface SecretUpload {
  /** Relative to a stack's folder. */
  readonly source: string;
  /** SHA-256. */
  readonly sourceHash: string;
}

/** A service of which everything is decided: what a `RedisService` is made from. */
export interface PreparedService {
  readonly plan: Plan;
  readonly inputs: ServiceInputs;
  /** The password of applications, and nothing else, as a file. */
  passwordUpload(): SecretUpload;
  /**
   * After `app.synth()`: makes the folder of each stack that asks for the provider of the service usable where terraform finds
   * it in a mirror alone. Where the registry is in reach it changes nothing that matters.
   */
  linkProvider(): void;
}

/**
 * Finds, or makes, what a service is deployed with: images, Docker provider, passwords, every member's files.
 *
 * @throws StackDefinitionError, or InputError for a file, with every mistake at once; EnvironmentError with what is missing;
 *   InputError when keys would be looked for on another shard than they are stored on
 */
export async function prepareService(options: ServiceOptions = {}): Promise<PreparedService> {
  const fault = nodeFault(process.versions.node);
  if (fault !== undefined)
    throw new EnvironmentError(fault, { where: process.execPath, remedy: NODE_REMEDY });
  const { stack, folder = process.cwd(), verbose = true } = options;
  const plan = typeof stack === 'object' ? planOf(stack) : loadPlan(stack);
  const home = new Home(folder);
  madeBy(home);
  const { inputs, environment, credentials } = await prepareInputs(
    home,
    plan,
    verbose ? consoleReporter() : SILENT,
  );
  return {
    plan,
    inputs: { ...inputs, plan },
    passwordUpload: () => secretUpload(home, plan, 'application', credentials),
    linkProvider: () => linkProvidersOf(home.outdir, environment.provider, home),
  };
}

function secretUpload(
  home: Home,
  plan: Plan,
  account: keyof Credentials,
  credentials: Credentials,
): SecretUpload {
  const path = join(home.privateDir(home.stack(plan.name)), `${account}.password`);
  const content = credentials[account];
  if (readIfPresent(path) !== content) writePrivate(path, content);
  return {
    source: home.fromTerraform(path),
    sourceHash: createHash('sha256').update(content).digest('hex'),
  };
}

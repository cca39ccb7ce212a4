import { execa } from 'execa';
import { EnvironmentError } from '../errors.ts';
import type { Step } from '../report/steps.ts';
import { findProgram } from './platform.ts';

/** The program that applies the stacks. */
export interface TerraformProgram {
  readonly path: string;
  readonly product: 'terraform' | 'tofu';
  readonly version: string;
}

/** Quiet, non-interactive, no phoning home. */
export const TERRAFORM_ENV: Readonly<Record<string, string>> = {
  CHECKPOINT_DISABLE: '1',
  TF_IN_AUTOMATION: '1',
  TF_INPUT: '0',
};

/** Oldest minor version of 1.x: the `-json` log of apply and the lock file as the stacks use them. */
const OLDEST_MINOR = 5;
const HOW_TO_GET_ONE =
  'install terraform or OpenTofu, 1.5 or newer, from its maker’s packages or as one binary, and put it on PATH';

/** terraform, or else tofu, from PATH. @throws EnvironmentError when there is none, or only an old one */
export async function chooseTerraform(step: Step, path = process.env.PATH): Promise<TerraformProgram> {
  for (const product of ['terraform', 'tofu'] as const) {
    const program = findProgram(product, path);
    if (program === undefined) continue;
    const found: TerraformProgram = { path: program, product, version: await versionOf(program) };
    const [major, minor] = found.version.split('.').map(Number);
    if (major < 1 || (major === 1 && minor < OLDEST_MINOR)) {
      throw new EnvironmentError(
        `${product} ${found.version} is too old, 1.${OLDEST_MINOR} or newer is needed`,
        {
          where: program,
          remedy: HOW_TO_GET_ONE,
        },
      );
    }
    step.outcome(`${product} ${found.version} (${program})`);
    return found;
  }
  throw new EnvironmentError('neither terraform nor tofu is installed', {
    where: 'PATH',
    remedy: HOW_TO_GET_ONE,
  });
}

async function versionOf(program: string): Promise<string> {
  const result = await execa(program, ['version', '-json'], {
    env: TERRAFORM_ENV,
    reject: false,
    stdin: 'ignore',
  });
  try {
    return (JSON.parse(String(result.stdout)) as { terraform_version: string }).terraform_version;
  } catch (cause) {
    throw new EnvironmentError(
      `${program} does not tell its version: ${String(result.stderr || result.stdout).trim()}`,
      {
        where: program,
        remedy: HOW_TO_GET_ONE,
        cause,
      },
    );
  }
}

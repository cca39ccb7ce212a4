import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EnvironmentError, InputError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import type { Step } from '../report/steps.ts';
import type { Home } from '../stack/home.ts';
import { readIfPresent } from '../stack/private-file.ts';
import {
  mirrorHolds,
  probeProvider,
  REAL_SOURCE,
  REAL_VERSION,
  writeMirrorConfig,
} from './provider-probe.ts';
import { TERRAFORM_ENV, type TerraformProgram } from './terraform.ts';

/** Where the Docker provider comes from. */
export const PROVIDER_MODES = ['mirror', 'registry', 'bundled'] as const;
export type ProviderMode = (typeof PROVIDER_MODES)[number];

export interface ProviderChoice {
  /** `mirror` = a plugin mirror the operator made; `registry` = downloaded; `bundled` = our own, a declared subset. */
  readonly mode: ProviderMode;
  /** For `required_providers`. */
  readonly source: string;
  readonly version: string;
  /** `source` with its host, the form that lock files and states use. */
  readonly address: string;
  /** Folder in mirror layout, absolute, that holds it. */
  readonly mirror: string;
}

export interface ProviderOptions {
  readonly home: Home;
  readonly terraform: TerraformProgram;
  readonly previous?: ProviderChoice;
  /** Refuses anything but this mode. */
  readonly force?: ProviderMode;
  /** Builds the bundled provider into a mirror; part of the options for tests of the choice alone. */
  readonly bundle?: (mirror: string) => Promise<{ source: string; version: string }>;
  readonly patienceMs?: number;
}

/** Names a plugin mirror that holds the real provider. */
export const MIRROR_VARIABLE = 'TWEMSTACK_PROVIDER_MIRROR';

/**
 * Chooses the Docker provider: what an earlier run chose if it still works; else the real one from a mirror the operator
 * made or from terraform's registry; else the bundled one.
 *
 * @throws InputError when another provider is forced than the one that existing stacks were deployed with
 * @throws EnvironmentError when the forced one, or the named mirror, cannot be had
 */
export async function chooseProvider(options: ProviderOptions, step: Step): Promise<ProviderChoice> {
  const { previous, force, home } = options;
  if (
    previous !== undefined &&
    force !== undefined &&
    (force === 'bundled') !== (previous.mode === 'bundled')
  ) {
    refuseSwitch(home, previous, force);
  }
  const choice =
    (await kept(options)) ??
    (force === 'bundled' ? undefined : await real(options, step)) ??
    (force === undefined || force === 'bundled' ? await bundled(options, step) : undefined);
  if (choice === undefined) {
    throw new EnvironmentError(`${REAL_SOURCE} ${REAL_VERSION} cannot be had from a ${force}`, {
      where: '--provider',
      remedy:
        force === 'mirror'
          ? `make one where it can (\`terraform providers mirror DIR\`), copy it here and set ${MIRROR_VARIABLE}=DIR`
          : 'open the way to terraform’s registry, or leave out --provider',
    });
  }
  step.outcome(`${choice.source} ${choice.version}, ${DESCRIPTION[choice.mode]}`);
  return choice;
}

const DESCRIPTION: Readonly<Record<ProviderMode, string>> = {
  mirror: 'from your plugin mirror',
  registry: 'from terraform’s registry',
  bundled: 'bundled with twemstack (a subset: what it does not do, it refuses)',
};

/** Variables that make terraform find the chosen provider whatever the operator's own configuration says. */
export function terraformEnv(home: Home, provider: Pick<ProviderChoice, 'mirror'>): Record<string, string> {
  home.privateDir(home.private);
  const file = join(home.private, 'terraform.rc');
  return { ...TERRAFORM_ENV, TF_CLI_CONFIG_FILE: writeMirrorConfig(file, provider.mirror) };
}

async function kept({ previous, force, bundle, home }: ProviderOptions): Promise<ProviderChoice | undefined> {
  if (previous === undefined || (force !== undefined && force !== previous.mode)) return undefined;
  // Built again: its sources may have changed since, under the same version.
  if (previous.mode === 'bundled') return bundled({ bundle, home });
  const named = process.env[MIRROR_VARIABLE];
  if (previous.mode === 'mirror' && named !== undefined && resolve(named) !== previous.mirror)
    return undefined;
  return mirrorHolds(previous.mirror, previous.address, previous.version) ? previous : undefined;
}

async function real(options: ProviderOptions, step: Step): Promise<ProviderChoice | undefined> {
  const named = process.env[MIRROR_VARIABLE];
  const { home, terraform, force, patienceMs } = options;
  const only = named === undefined || named === '' || force === 'registry' ? undefined : resolve(named);
  const found = await probeProvider(
    { terraform, scratch: home.private, mirror: home.mirror, only, patienceMs },
    step,
  );
  if (found === undefined && only !== undefined) {
    throw new EnvironmentError(
      `the plugin mirror does not hold ${REAL_SOURCE} ${REAL_VERSION} for this machine`,
      {
        where: `${MIRROR_VARIABLE}=${named}`,
        remedy: `it needs HOST/${REAL_SOURCE}/${REAL_VERSION}/OS_ARCH/, as \`terraform providers mirror\` makes it; or unset ${MIRROR_VARIABLE}`,
      },
    );
  }
  if (found === undefined || (force !== undefined && force !== found.mode)) return undefined;
  return { ...found, source: REAL_SOURCE, version: REAL_VERSION };
}

async function bundled(
  { home, bundle }: Pick<ProviderOptions, 'home' | 'bundle'>,
  step?: Step,
): Promise<ProviderChoice> {
  step?.progress('building the bundled provider');
  const build = bundle ?? (await import('../../provider/bundle.ts')).bundleProvider;
  makeFolder(home.mirror);
  const { source, version } = await build(home.mirror);
  return { mode: 'bundled', source, version, address: source, mirror: home.mirror };
}

/** Terraform's states name the provider: with another one it could neither change nor remove what they hold. */
function refuseSwitch(home: Home, previous: ProviderChoice, force: ProviderMode): void {
  const stacks = join(home.private, 'stacks');
  const deployed = list(stacks).filter((stack) =>
    list(join(stacks, stack, 'state')).some((file) => holdsResources(join(stacks, stack, 'state', file))),
  );
  if (deployed.length === 0) return;
  throw new InputError(`--provider ${force}: ${deployed.join(', ')} was deployed with ${previous.address}`, {
    where: stacks,
    remedy: `leave out --provider; or move each state: terraform state replace-provider ${previous.address} NEW`,
  });
}

function holdsResources(state: string): boolean {
  if (!state.endsWith('.tfstate')) return false;
  const text = readIfPresent(state) ?? '';
  return text !== '' && ((JSON.parse(text) as { resources?: unknown[] }).resources ?? []).length > 0;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

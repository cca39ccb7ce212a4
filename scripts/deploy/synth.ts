import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import type { EngineInput, ImageInput, SeedInput, ServiceInputs, StackInputs } from '../../stacks/inputs.ts';
import { type ImageKind, imageKinds } from '../../topology/container-options.ts';
import { isOnHosts } from '../../topology/plan.ts';
import type { AnyPlan, Credentials, HostsPlan, MemberFile, Plan } from '../../topology/types.ts';
import { keptVolumes, memberOf } from '../data/volumes.ts';
import { EnvironmentError } from '../errors.ts';
import type { PreparedImage } from '../images/prepared-image.ts';
import { makeFolder } from '../make-folder.ts';
import type { Environment } from '../prepare/environment.ts';
import type { ProviderChoice } from '../prepare/provider.ts';
import { renderMembers } from '../render/member-files.ts';
import { readAlertSecrets } from '../stack/alert-secrets.ts';
import { furtherPasswords } from '../stack/credentials.ts';
import { CHECKOUT, type Home } from '../stack/home.ts';
import { ensureInstance } from '../stack/instance.ts';
import { readIfPresent, writePrivate } from '../stack/private-file.ts';
import { stateDir } from '../stack/terraform-state.ts';

/** Writes every member's rendered files below the stack's private folder and returns what the stacks upload. */
export function writeSeeds(home: Home, plan: AnyPlan, credentials: Credentials): StackInputs['seeds'] {
  const root = home.privateDir(join(home.stack(plan.name), 'seed'));
  const seeds = new Map<string, SeedInput[]>();
  const further = furtherPasswords(home, plan.name);
  const alertSecrets = readAlertSecrets(home, plan);
  for (const [member, files] of renderMembers(plan, credentials, further, alertSecrets)) {
    const dir = home.privateDir(join(root, member));
    seeds.set(
      member,
      files.map((file) => writeSeed(home, dir, file)),
    );
  }
  return seeds;
}

function writeSeed(home: Home, dir: string, file: MemberFile): SeedInput {
  const path = join(dir, file.name);
  if (readIfPresent(path) !== file.content) writePrivate(path, file.content);
  return {
    name: file.name,
    source: home.fromTerraform(path),
    sha256: sha256(file.content),
    fixedSha256: sha256(file.fixed),
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface InputOptions {
  /** False only for `down --volumes`: lets terraform destroy the data volumes. */
  readonly protectData?: boolean;
  /** Which of the data volumes that the plan has no place for stay; all, unless said otherwise. */
  readonly keep?: (volume: string) => boolean;
  /** That paths of certificates are relative to: the stack file's. @default the home */
  readonly folder?: string;
}

/** Everything the stacks are wired from, given what `prepare` found. */
export function stackInputs(
  home: Home,
  plan: Plan,
  credentials: Credentials,
  environment: Environment,
  options?: InputOptions,
): ServiceInputs;
export function stackInputs(
  home: Home,
  plan: AnyPlan,
  credentials: Credentials,
  environment: Environment,
  options?: InputOptions,
): StackInputs;
export function stackInputs(
  home: Home,
  plan: AnyPlan,
  credentials: Credentials,
  environment: Environment,
  { protectData = true, keep = () => true, folder = home.root }: InputOptions = {},
): StackInputs {
  const image = (kind: ImageKind): ImageInput => {
    const found: PreparedImage | undefined = environment.images[kind];
    if (found === undefined)
      throw new EnvironmentError(
        `the image of a ${kind} is not prepared: an earlier version did not know it`,
        {
          where: home.private,
          remedy: 'run `twemstack prepare`, then this again',
        },
      );
    return { name: found.name, context: home.fromTerraform(found.contextDir), base: found.base };
  };
  return {
    plan,
    instance: ensureInstance(home, plan.name),
    images: Object.fromEntries(imageKinds(plan).map((kind) => [kind, image(kind)])) as StackInputs['images'],
    seeds: writeSeeds(home, plan, credentials),
    provider: { source: environment.provider.source, version: environment.provider.version },
    stateDir: home.fromTerraform(home.privateDir(stateDir(home, plan.name))),
    outdir: home.outdir,
    keptMembers: new Map(
      [...keptVolumes(home, plan, keep)].map(([stack, volumes]) => [stack, volumes.map(memberOf)]),
    ),
    protectData,
    ...(isOnHosts(plan) ? { engines: enginesOf(home, plan, folder) } : {}),
  };
}

/** Terraform gives up a host that is not there as soon as twemstack does. */
const SSH_OPTIONS = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=3'];

function enginesOf(home: Home, { domains }: HostsPlan, folder: string): ReadonlyMap<string, EngineInput> {
  return new Map(
    domains.map(({ host: { certificates, docker }, name }) => [
      name,
      {
        host: docker,
        ...(docker.startsWith('ssh://') ? { sshOpts: SSH_OPTIONS } : {}),
        ...(certificates === undefined
          ? {}
          : { certPath: home.fromTerraform(resolve(folder, certificates)) }),
      },
    ]),
  );
}

/** Stack of the networks and images, where one engine plays all domains. */
export const networkStacks = (plan: AnyPlan): string[] => (isOnHosts(plan) ? [] : [plan.networkStack]);

/** Names of all CDKTF stacks of a plan in the order of deployment: network, data, then one domain after the other. */
export function stackOrder(plan: AnyPlan): string[] {
  return [
    ...networkStacks(plan),
    ...plan.domains.map((domain) => domain.dataStack),
    ...plan.domains.map((domain) => domain.stack),
  ];
}

/** Synthesises the stacks and makes each folder usable by plain terraform and plain `cdktf deploy`. */
export async function synth(home: Home, inputs: StackInputs, provider: ProviderChoice): Promise<void> {
  const { synthStacks } = await loadStacks();
  synthStacks(inputs, home.outdir);
  dropOtherForm(home.outdir);
  for (const name of stackOrder(inputs.plan)) linkProvider(home.terraformDir(name), provider, home);
}

/**
 * Makes the folder of every stack of an app that asks for the provider, those of the application too, usable by plain terraform and
 * plain `cdktf deploy`. Called when the app is synthesised, in JSON or (`cdktf synth --hcl`) in HCL.
 *
 * @param outdir of the app
 */
export function linkProvidersOf(outdir: string, provider: ProviderChoice, home: Home): void {
  for (const { workingDirectory, synthesizedStackPath } of synthesised(outdir)) {
    const text = readFileSync(join(outdir, synthesizedStackPath), 'utf8');
    if (new RegExp(`"?source"?\\s*[:=]\\s*"${provider.source}"`).test(text))
      linkProvider(join(outdir, workingDirectory), provider, home);
  }
}

/** Of what an app writes down of a stack, what is read here; paths from its output. */
interface SynthesisedStack {
  readonly workingDirectory: string;
  readonly synthesizedStackPath: string;
}

function synthesised(outdir: string): SynthesisedStack[] {
  const { stacks } = JSON.parse(readFileSync(join(outdir, 'manifest.json'), 'utf8')) as {
    stacks: Readonly<Record<string, SynthesisedStack>>;
  };
  return Object.values(stacks);
}

/** What a stack may be written as. Terraform reads both: what an earlier run wrote in the other form would be there twice. */
const FORMS = ['cdk.tf.json', 'cdk.tf'] as const;

function dropOtherForm(outdir: string): void {
  for (const { workingDirectory, synthesizedStackPath } of synthesised(outdir))
    for (const form of FORMS)
      if (basename(synthesizedStackPath) !== form)
        rmSync(join(outdir, workingDirectory, form), { force: true });
}

/** Loading cdktf takes most of a second: only verbs that deploy pay for it. @throws EnvironmentError when it is not installed */
async function loadStacks(): Promise<typeof import('../../stacks/main.ts')> {
  try {
    return await import('../../stacks/main.ts');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const [, name] = /^Cannot find (?:package|module) '([^']+)'/.exec(message) ?? [];
    if (!/^(ERR_)?MODULE_NOT_FOUND$/.test(code ?? '') || name === undefined) throw error;
    throw new EnvironmentError(`${name} is not installed, which stacks are made with`, {
      where: CHECKOUT,
      remedy:
        'npm installs it beside twemstack, unless told to leave out peers: `npm install --save-dev cdktf @cdktf/provider-docker constructs`',
    });
  }
}

/**
 * Points terraform's implied mirror (`terraform.d/plugins`) at ours and pins the provider in a lock file without
 * hashes. `cdktf deploy` otherwise runs `providers lock`, which ignores mirrors; the `constraints` line keeps it from
 * locking again.
 */
function linkProvider(dir: string, provider: ProviderChoice, home: Home): void {
  const link = join(dir, 'terraform.d', 'plugins');
  makeFolder(join(dir, 'terraform.d'));
  const inHome = !relative(home.root, provider.mirror).startsWith('..');
  // Relative where it can be, so that a moved checkout still finds its own mirror.
  const target = inHome ? relative(join(dir, 'terraform.d'), provider.mirror) : provider.mirror;
  if (readLink(link) !== target) {
    rmSync(link, { force: true, recursive: true });
    symlinkSync(target, link);
  }
  const lock = join(dir, '.terraform.lock.hcl');
  const { address, version } = provider;
  const content = `provider "${address}" {\n  version     = "${version}"\n  constraints = "${version}"\n}\n`;
  if (readIfPresent(lock) !== content) writeFileSync(lock, content);
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

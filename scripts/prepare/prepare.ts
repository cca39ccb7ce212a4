import { imageKinds } from '../../topology/container-options.ts';
import type { Plan } from '../../topology/types.ts';
import { dockerClient, engineAddress } from '../docker-client.ts';
import type { Reporter } from '../report/steps.ts';
import type { Home } from '../stack/home.ts';
import { readInstance } from '../stack/instance.ts';
import { madeBy, noteMadeBy } from '../stack/made-by.ts';
import { VERSION } from '../stack/version.ts';
import { type BaseImageChoice, chooseBaseImage } from './base-image.ts';
import { dockerBridges, engineConflicts, hostConflicts, hostNetwork, refuseConflicts } from './conflicts.ts';
import { chooseEngine, type EngineChoice, probeEngine } from './engine.ts';
import { type Environment, isUsable, readEnvironment, writeEnvironment } from './environment.ts';
import { prepareImages } from './executables.ts';
import { describePlatform, detectPlatform, requireDisk, requireLinux } from './platform.ts';
import { chooseProvider, type ProviderChoice, type ProviderMode, terraformEnv } from './provider.ts';
import { chooseTerraform } from './terraform.ts';

export interface PrepareOptions {
  readonly home: Home;
  /** Whose addresses and names must be free; without it only the tools are prepared. */
  readonly plan?: Plan;
  /** Takes the Docker provider from there and nowhere else. */
  readonly provider?: ProviderMode;
}

/**
 * Finds, or installs, everything a deployment needs, and tells of each what it found and chose. What cannot work is said
 * before anything is changed. Running it again changes nothing as long as what was chosen still works.
 *
 * @throws EnvironmentError (exit 3) with what is missing, where, and how to get it
 */
export async function prepare(options: PrepareOptions, reporter: Reporter): Promise<Environment> {
  const { home, plan } = options;
  const previous = readEnvironment(home);
  const platform = detectPlatform();
  await reporter.step('system', async (step) => {
    requireLinux(platform);
    requireDisk(home.root, 'images and the stack’s files');
    step.outcome(describePlatform(platform));
  });
  const terraform = await reporter.step('terraform', (step) => chooseTerraform(step));
  if (plan !== undefined) await checkAddressesAhead(plan, reporter);
  const engine = await reporter.step('engine', (step) => chooseEngine(step, { platform }));
  if (plan !== undefined) await checkEngine(plan, engine, readInstance(home, plan.name), reporter);
  const docker = await dockerClient(engine.address);
  const baseImage = await reporter.step('base image', async (step) => {
    const choice = await chooseBaseImage(docker, step, { previous: previous?.baseImage.name });
    step.outcome(describeBase(choice));
    return choice.origin === 'kept' && previous !== undefined ? previous.baseImage : choice;
  });
  const provider = await reporter.step('provider', (step) =>
    chooseProvider({ home, terraform, previous: previous?.provider, force: options.provider }, step),
  );
  const images = await reporter.step('images', async (step) => {
    const prepared = await prepareImages(home, baseImage.name, step);
    step.outcome(
      imageKinds(plan ?? {})
        .map((kind) => prepared[kind].name)
        .join(', '),
    );
    return prepared;
  });
  const environment: Environment = {
    engine,
    terraform: { ...terraform, env: terraformEnv(home, provider) },
    provider,
    baseImage,
    images,
  };
  writeEnvironment(home, environment);
  const before = madeBy(home);
  if (before !== undefined && before !== VERSION)
    reporter.note(
      `what is kept here was written by twemstack ${before}, this is ${VERSION}: images are new, so containers are replaced, one domain at a time`,
    );
  noteMadeBy(home);
  reporter.note(describeWorld(baseImage, provider));
  return environment;
}

/** What an earlier `prepare` found when all of it is still there; else a new one. */
export async function readOrPrepare(home: Home, reporter: Reporter): Promise<Environment> {
  const found = readEnvironment(home);
  return found !== undefined && isUsable(found) ? found : prepare({ home }, reporter);
}

/** Before an engine is installed or started: are the addresses free on this machine? */
async function checkAddressesAhead(plan: Plan, reporter: Reporter): Promise<void> {
  const address = engineAddress();
  if (!address.startsWith('unix://') || (await probeEngine(address)).kind === 'engine') return;
  await reporter.step('addresses', async (step) => {
    refuseConflicts(hostConflicts(plan, hostNetwork()));
    step.outcome(`${plan.front.subnet}, ${plan.back.subnet} and ${plan.vip} are free on this machine`);
  });
}

/** Before anything is put on the engine: addresses, names, and space where it keeps its data. */
async function checkEngine(
  plan: Plan,
  engine: EngineChoice,
  instance: string | undefined,
  reporter: Reporter,
): Promise<void> {
  await reporter.step('conflicts', async (step) => {
    const docker = await dockerClient(engine.address);
    const onHost = engine.local ? hostConflicts(plan, hostNetwork(), await dockerBridges(docker)) : [];
    refuseConflicts([...onHost, ...(await engineConflicts(plan, docker, instance))]);
    if (engine.local) requireDisk(engine.dataRoot, 'images and data volumes');
    step.outcome(
      `none: ${plan.front.subnet}, ${plan.back.subnet}, ${plan.vip} and ${plan.members.length} names are free or this stack’s own`,
    );
  });
}

/** Which base image, and where it comes from. */
export function describeBase({ name, origin }: BaseImageChoice): string {
  const how = {
    kept: 'on the engine, as before',
    local: 'already on the engine',
    registry: 'pulled from the registry',
    import: 'made from Debian’s packages, because no registry answered',
  };
  return `${name}, ${how[origin]}`;
}

/** The one sentence on what this machine can reach, and what that changes. */
export function describeWorld({ name }: BaseImageChoice, { mode }: ProviderChoice): string {
  const own = name.startsWith('twemstack/');
  if (!own && mode === 'registry') {
    return 'online: the base image and the Docker provider are the public ones.';
  }
  const image = own
    ? 'images are built on a base made from Debian’s packages'
    : `images are built on ${name}`;
  const provider = {
    bundled: 'terraform uses the bundled provider, which does what these stacks need and refuses the rest',
    mirror: 'terraform uses the real provider from your plugin mirror',
    registry: 'terraform uses the real provider from its registry',
  }[mode];
  return `${own && mode === 'bundled' ? 'offline' : 'partly offline'}: ${image}; ${provider}. The stacks are the same.`;
}

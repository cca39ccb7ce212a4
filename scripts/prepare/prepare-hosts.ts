import type Docker from 'dockerode';
import { OWNER_LABEL } from '../../stacks/owner-label.ts';
import type { HostsPlan } from '../../topology/types.ts';
import { answeringEngine, dockerClient, engineAddress } from '../docker-client.ts';
import { EnvironmentError } from '../errors.ts';
import type { PreparedImages } from '../images/prepared-image.ts';
import { haveImages, provideImages } from '../images/provide.ts';
import { hostTitle, type ImageSource } from '../images/ship.ts';
import { type HostView, lookAtHosts } from '../observe/hosts.ts';
import type { Reporter } from '../report/steps.ts';
import type { DomainEngine } from '../stack/domain-engine.ts';
import type { Engines } from '../stack/engines.ts';
import type { FormerHosts } from '../stack/former-hosts.ts';
import type { Home } from '../stack/home.ts';
import { readInstance } from '../stack/instance.ts';
import { noteMadeBy } from '../stack/made-by.ts';
import { type BaseImageChoice, chooseBaseImage } from './base-image.ts';
import { type Environment, readEnvironment, writeEnvironment } from './environment.ts';
import { prepareImages } from './executables.ts';
import { checkEngines, checkMachines } from './hosts/check.ts';
import { describePlatform, detectPlatform, requireDisk, requireLinux } from './platform.ts';
import { describeBase, describeWorld } from './prepare.ts';
import { chooseProvider, type ProviderMode, terraformEnv } from './provider.ts';
import { chooseTerraform } from './terraform.ts';

export interface PrepareHostsOptions {
  readonly home: Home;
  readonly plan: HostsPlan;
  readonly engines: Engines;
  /** That paths of certificates are relative to. */
  readonly folder: string;
  /** Machines that the stack was put on and is to leave. */
  readonly former: FormerHosts;
  /** Takes the Docker provider from there and nowhere else. */
  readonly provider?: ProviderMode;
  readonly signal?: AbortSignal;
}

/** What was found, and whom nobody reaches. */
export interface PreparedHosts {
  readonly environment: Environment;
  /** Domains whose host is not reached although the stack stands on others, and why. */
  readonly away: ReadonlyMap<string, string>;
}

/**
 * The same as `prepare` for a stack with a machine for each domain: every machine is asked before anything is changed, and in the
 * end each has the images, which were built once.
 *
 * @throws EnvironmentError (exit 3) naming each host that will not do, with its own words and what to do. One that is not
 *   reached is gone on without where the stack stands already.
 */
export async function prepareHosts(options: PrepareHostsOptions, reporter: Reporter): Promise<PreparedHosts> {
  const { engines, home, plan, provider: force } = options;
  const previous = readEnvironment(home);
  await reporter.step('system', async (step) => {
    const platform = detectPlatform();
    requireLinux(platform);
    requireDisk(home.root, 'the stack’s files');
    step.outcome(describePlatform(platform));
  });
  const terraform = await reporter.step('terraform', (step) => chooseTerraform(step));
  const away = await reporter.step('hosts', async (step) => {
    step.progress('asking all of them');
    const found = await reachHosts(options, reporter);
    const reached = plan.domains.length - found.size;
    step.outcome(`${reached} of ${plan.domains.length} answer`);
    return found;
  });
  for (const [domain, why] of away)
    reporter.note(`host ${domain} is not reached, and is gone on without: ${why}`);
  const reached = engines.list.filter(({ domain }) => !away.has(domain));
  await checkEngines(plan, reached, readInstance(home, plan.name), reporter);
  const provider = await reporter.step('provider', (step) =>
    chooseProvider({ home, terraform, previous: previous?.provider, force }, step),
  );
  const { baseImage, images } = await haveImagesOn(options, reached, previous, reporter);
  await checkMachines(plan, reached, images.edge.name, options.former, reporter);
  const environment: Environment = {
    terraform: { ...terraform, env: terraformEnv(home, provider) },
    provider,
    baseImage,
    images,
  };
  writeEnvironment(home, environment);
  noteMadeBy(home);
  reporter.note(describeWorld(baseImage, provider));
  return { environment, away };
}

/** @throws EnvironmentError for hosts that will not do */
async function reachHosts(
  { engines, folder, plan }: PrepareHostsOptions,
  reporter: Reporter,
): Promise<ReadonlyMap<string, string>> {
  const views = await lookAtHosts(plan, folder);
  for (const { domain, warning } of views)
    if (warning !== undefined) reporter.note(`warning: host ${domain}: ${warning}`);
  const wrong = views.filter(({ problem }) => problem !== undefined);
  if (wrong.length === 0) return new Map();
  const silent = wrong.every(({ problem }) => problem?.gone === true);
  const standing = views.filter(({ problem }) => problem === undefined).map(({ domain }) => domain);
  if (
    silent &&
    (await anyStands(
      plan,
      standing.map((domain) => engines.ofDomain(domain).docker),
    ))
  )
    return new Map(wrong.map(({ domain, problem }) => [domain, problem?.what ?? '']));
  throw new EnvironmentError(wrong.map(sentence).join('\n       '), {
    where: wrong.map(({ domain, docker }) => `domain ${domain} (${docker})`).join(', '),
    remedy: `nothing was changed; ${wrong.map(({ problem }) => problem?.remedy).join('; ')}`,
  });
}

const sentence = ({ domain, problem }: HostView): string => `host ${domain}: ${problem?.what}`;

/** Whether one of the engines has a container of the stack: then it was deployed, and a host that is gone may have died. */
async function anyStands(plan: HostsPlan, engines: readonly Docker[]): Promise<boolean> {
  const filters = { label: [`${OWNER_LABEL}=${plan.name}`] };
  const lists = await Promise.all(engines.map((docker) => docker.listContainers({ all: true, filters })));
  return lists.flat().length > 0;
}

/** Base image and images: on every engine that is reached, made only when none of them has what the sources say. */
async function haveImagesOn(
  { home, signal }: PrepareHostsOptions,
  reached: readonly DomainEngine[],
  previous: Environment | undefined,
  reporter: Reporter,
): Promise<{ readonly baseImage: BaseImageChoice; readonly images: PreparedImages }> {
  const builder = await chooseBuilder(reached);
  const known = previous?.baseImage;
  const prepared =
    known === undefined
      ? undefined
      : await reporter.step('executables', (step) => prepareImages(home, known.name, step));
  const there = prepared !== undefined && (await haveImages(prepared, builder, reached));
  const baseImage =
    known !== undefined && there
      ? known
      : await reporter.step('base image', async (step) => {
          const choice = await chooseBaseImage(builder.docker, step, { previous: known?.name });
          step.outcome(`${describeBase(choice)}, on ${builder.title}`);
          return choice;
        });
  const images = await reporter.step('images', async (step) => {
    const all =
      prepared !== undefined && baseImage.name === known?.name
        ? prepared
        : await prepareImages(home, baseImage.name, step);
    const { built, shipped } = await provideImages(all, builder, reached, step, signal);
    const how = built === undefined ? 'built before' : `built on ${built}`;
    step.outcome(`${how}, ${shipped === 0 ? 'on every host' : `brought to ${shipped} hosts`}`);
    return all;
  });
  return { baseImage, images };
}

/**
 * Who builds: the engine of this machine, or of DOCKER_HOST, where it is for the same processors, for it has a way to Debian's
 * packages more likely than a host; else the first host.
 */
async function chooseBuilder([first, ...others]: readonly DomainEngine[]): Promise<ImageSource> {
  // That one gives up after a moment of silence, which a build may have.
  const here = (await answeringEngine()) === undefined ? undefined : await dockerClient();
  const hosts = [first, ...others];
  if (here !== undefined) {
    const kinds = await Promise.all([here, ...hosts.map(({ docker }) => docker)].map(architecture));
    if (new Set(kinds).size === 1) return { title: `the engine at ${engineAddress()}`, docker: here };
  }
  return { title: hostTitle(first), docker: first.docker };
}

const architecture = async (docker: Docker): Promise<string> =>
  ((await docker.info()) as { readonly Architecture: string }).Architecture;

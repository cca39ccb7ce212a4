import { createHash } from 'node:crypto';
import { containerOptions } from '../topology/container-options.ts';
import { lanName } from '../topology/macvlan.ts';
import { isOnHosts } from '../topology/plan.ts';
import type { AnyPlan, Member } from '../topology/types.ts';
import { Construct, Container, type ContainerConfig, type ITerraformDependable } from './cdktf.ts';
import type { SeedInput, StackInputs } from './inputs.ts';
import { INSTANCE_LABEL, OWNER_LABEL } from './owner-label.ts';
import { dataVolume, seedVolume } from './volume-names.ts';

/** Where a member finds its rendered files, and where it keeps its data. */
const SEED_PATH = '/etc/twemstack';
const DATA_PATH = '/data';

/** One member: a container with a static address, its rendered files, and its data volume where it has data. */
export class MemberContainer extends Construct {
  /** @param before what it must not be made without */
  constructor(
    scope: Construct,
    member: Member,
    before: readonly ITerraformDependable[],
    inputs: StackInputs,
  ) {
    super(scope, member.name);
    const config = containerConfig(member, inputs);
    new Container(this, 'container', {
      ...config,
      dependsOn: [...before],
      labels: [
        // What the provider would not replace the container for, and yet needs a new one, is in this label: some options
        // (healthcheck, tmpfs, stop time), and what of the files a running daemon cannot take over.
        { label: 'twemstack.config', value: fingerprint(config, inputs.seeds.get(member.name)) },
        { label: 'twemstack.domain', value: member.domain },
        { label: INSTANCE_LABEL, value: inputs.instance },
        { label: 'twemstack.member', value: member.name },
        { label: 'twemstack.role', value: member.role },
        { label: OWNER_LABEL, value: inputs.plan.name },
      ],
    });
  }
}

function containerConfig(member: Member, inputs: StackInputs): ContainerConfig {
  const options = containerOptions(inputs.plan, member);
  return {
    name: member.name,
    hostname: member.name,
    image: inputs.images[options.image].name,
    command: [...options.command],
    user: options.user,
    readOnly: true,
    tmpfs: { ...options.tmpfs },
    capabilities: { add: [...options.capabilities], drop: ['ALL'] },
    securityOpts: ['no-new-privileges:true'],
    memory: options.memoryMb,
    // Unequal or unset, it shows as a change at every apply.
    memorySwap: options.memoryMb,
    ...networkOf(member, inputs.plan),
    volumes: [
      { volumeName: seedVolume(member.name), containerPath: SEED_PATH, readOnly: true },
      ...(options.data ? [{ volumeName: dataVolume(member.name), containerPath: DATA_PATH }] : []),
    ],
    healthcheck: { test: ['CMD', '/usr/local/bin/healthcheck'], interval: '5s', timeout: '3s', retries: 3 },
    wait: true,
    waitTimeout: 90,
    restart: 'always',
    stopTimeout: options.stopSeconds,
    destroyGraceSeconds: options.stopSeconds,
    logDriver: 'json-file',
    logOpts: { 'max-size': '10m', 'max-file': '3' },
    mustRun: true,
  };
}

/** Edges stand in front and back, monitors that send alerts in what leads out; on several hosts all members use the network of theirs, or the LAN. */
function networkOf(
  member: Member,
  plan: AnyPlan,
): Pick<ContainerConfig, 'networkMode'> | Pick<ContainerConfig, 'networksAdvanced'> {
  if (isOnHosts(plan))
    return plan.lan === undefined
      ? { networkMode: 'host' }
      : { networksAdvanced: [{ name: lanName(plan.name), ipv4Address: member.address }] };
  const { front, back, out } = plan;
  const behind = { name: back.name, ipv4Address: member.address };
  const inFront = member.role === 'edge' ? [{ name: front.name, ipv4Address: member.frontAddress }] : [];
  const leadingOut =
    member.role === 'monitor' && out !== undefined
      ? [{ name: out.name, ipv4Address: member.outAddress }]
      : [];
  return { networksAdvanced: [...inFront, ...leadingOut, behind] };
}

/**
 * Hash of everything that says how the container runs, but for its memory, which the provider changes in place. Only
 * plain values may be in it: a CDKTF token is not stable.
 */
function fingerprint(
  { memory: _memory, memorySwap: _swap, ...config }: ContainerConfig,
  seeds: readonly SeedInput[] = [],
): string {
  const files = seeds.map(({ name, fixedSha256 }) => [name, fixedSha256]);
  return createHash('sha256')
    .update(JSON.stringify([config, files]))
    .digest('hex')
    .slice(0, 16);
}

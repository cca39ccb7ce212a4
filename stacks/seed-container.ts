import type { Member, PlanDomain } from '../topology/types.ts';
import { Construct, Container, Volume } from './cdktf.ts';
import type { StackInputs } from './inputs.ts';
import { INSTANCE_LABEL, OWNER_LABEL } from './owner-label.ts';
import { seedVolume } from './volume-names.ts';

/**
 * Brings the members' rendered files into their seed volumes. A container with a read-only root takes no upload from the
 * provider, which sends every file through the root; this one has a writable root and is never started, so the members
 * can have a read-only one.
 */
export class SeedContainer extends Construct {
  /** What the members depend on. */
  readonly container: Container;

  constructor(scope: Construct, domain: PlanDomain, inputs: StackInputs) {
    super(scope, 'seed');
    const labels = [
      { label: INSTANCE_LABEL, value: inputs.instance },
      { label: OWNER_LABEL, value: inputs.plan.name },
    ];
    const volumes = domain.members.map(
      ({ name }) =>
        new Volume(this, name, {
          name: seedVolume(name),
          labels: [{ label: OWNER_LABEL, value: inputs.plan.name }],
        }),
    );
    this.container = new Container(this, 'container', {
      name: domain.seedContainer,
      // Any image would do.
      image: inputs.images.redis.name,
      start: false,
      mustRun: false,
      networkMode: 'none',
      capabilities: { add: [], drop: ['ALL'] },
      logDriver: 'json-file',
      logOpts: { 'max-size': '10m', 'max-file': '3' },
      volumes: domain.members.map(({ name }) => ({
        volumeName: seedVolume(name),
        containerPath: folderOf(name),
      })),
      upload: domain.members.flatMap((member) => uploadsOf(member, inputs)),
      labels,
      dependsOn: volumes,
    });
  }
}

const folderOf = (member: string): string => `/seed/${member}`;

function uploadsOf(member: Member, inputs: StackInputs) {
  return (inputs.seeds.get(member.name) ?? []).map((seed) => ({
    file: `${folderOf(member.name)}/${seed.name}`,
    source: seed.source,
    sourceHash: seed.sha256,
    // The volume is this member's alone, and its daemon is not root.
    permissions: '0444',
  }));
}

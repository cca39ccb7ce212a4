import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StackInputs } from '../../stacks/inputs.ts';
import type { Member, PlanDomain } from '../../topology/types.ts';
import { broughtFiles, pendingFiles, readInForce } from '../deploy/in-force.ts';
import type { PlannedChange, Terraform } from '../deploy/terraform.ts';
import type { ContainerState } from '../observe/engine.ts';
import type { Home } from '../stack/home.ts';

/** What becomes of one member. `reload`: its container stays, its daemon takes over the files named. */
export interface MemberChange {
  readonly member: Member;
  readonly action: 'create' | 'replace' | 'start' | 'reload';
  readonly files: readonly string[];
}

/** What becomes of one domain. */
export interface DomainChanges {
  readonly domain: PlanDomain;
  readonly members: readonly MemberChange[];
  /** Whether terraform has anything to do, if only to bring files. */
  readonly apply: boolean;
  /** Addresses of resources to make anew although nothing about them has changed. */
  readonly recreate: readonly string[];
}

export interface CompareOptions {
  readonly home: Home;
  readonly inputs: StackInputs;
  readonly terraform: Terraform;
  readonly containers: ReadonlyMap<string, ContainerState>;
  /** Replace every container, changed or not. */
  readonly recreate: boolean;
}

/** What an apply of a domain's stack, as it is synthesised now, would change. */
export async function compareDomain(domain: PlanDomain, options: CompareOptions): Promise<DomainChanges> {
  const { home, inputs, terraform, containers } = options;
  const dir = home.terraformDir(domain.stack);
  const names = containerNames(dir);
  const recreate = options.recreate
    ? [...names]
        .filter(([, name]) => containers.has(name) && name !== domain.seedContainer)
        .map(([key]) => `docker_container.${key}`)
    : [];
  await terraform.init(dir);
  const planned = await terraform.plan(dir, recreate);
  const actions = new Map(planned.filter(isContainer).map(({ name, action }) => [names.get(name), action]));
  const brought = broughtFiles(home, inputs.plan.name, domain);
  const broughtAt = containers.get(domain.seedContainer)?.createdAt ?? 0;
  const records = readInForce(home, inputs.plan.name);
  const members = domain.members.flatMap((member): MemberChange[] => {
    const action = actions.get(member.name);
    const container = containers.get(member.name);
    if (action === 'create' || container === undefined) return [{ member, action: 'create', files: [] }];
    if (action === 'replace') return [{ member, action, files: [] }];
    // A process that is started now finds the files that apply has brought.
    if (container.status !== 'running') return [{ member, action: 'start', files: [] }];
    const wanted = inputs.seeds.get(member.name) ?? [];
    const record = records[member.name];
    const before = brought.get(member.name) ?? {};
    const files = pendingFiles(wanted, container, broughtAt, before, record);
    return files.length === 0 && action !== 'update' ? [] : [{ member, action: 'reload', files }];
  });
  return { domain, members, apply: planned.length > 0, recreate };
}

/** Whether there is anything to do in a domain. */
export const isChanged = ({ members, apply }: DomainChanges): boolean => apply || members.length > 0;

/** Members of a domain that go away for a moment. */
export const replacedOf = ({ members }: DomainChanges): MemberChange[] =>
  members.filter(({ action }) => action === 'replace');

/** What becomes of a domain that has nothing deployed yet: no need to ask. */
export function firstDeployment(domain: PlanDomain): DomainChanges {
  const members = domain.members.map((member) => ({ member, action: 'create' as const, files: [] }));
  return { domain, members, apply: true, recreate: [] };
}

const isContainer = ({ type }: PlannedChange): boolean => type === 'docker_container';

/** Keys of a synthesised stack's containers -> the containers' names. */
function containerNames(dir: string): ReadonlyMap<string, string> {
  const configuration = JSON.parse(readFileSync(join(dir, 'cdk.tf.json'), 'utf8')) as {
    readonly resource?: { readonly docker_container?: Readonly<Record<string, { readonly name: string }>> };
  };
  const containers = Object.entries(configuration.resource?.docker_container ?? {});
  return new Map(containers.map(([key, { name }]) => [key, name]));
}

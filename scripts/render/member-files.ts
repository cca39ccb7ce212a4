import { renderEdgeFiles } from '../../haproxy/files.ts';
import { renderMonitorFiles } from '../../monitoring/files.ts';
import { renderRedisFiles, renderSentinelFiles } from '../../sentinel/files.ts';
import { isOnHosts } from '../../topology/plan.ts';
import type {
  AlertSecrets,
  AnyPlan,
  Credentials,
  FurtherPasswords,
  Member,
  MemberFile,
} from '../../topology/types.ts';
import { renderProxyFiles } from './nutcracker-yml.ts';

/** Every generated file of every member, by member name. Pure. @param alertSecrets of stacks that send alerts */
export function renderMembers(
  plan: AnyPlan,
  credentials: Credentials,
  further: FurtherPasswords = {},
  alertSecrets: AlertSecrets = {},
): ReadonlyMap<string, readonly MemberFile[]> {
  return new Map(
    plan.members.map((member) => [
      member.name,
      renderMember(plan, member, credentials, further, alertSecrets),
    ]),
  );
}

function renderMember(
  plan: AnyPlan,
  member: Member,
  credentials: Credentials,
  further: FurtherPasswords,
  alertSecrets: AlertSecrets,
): readonly MemberFile[] {
  switch (member.role) {
    case 'edge':
      return renderEdgeFiles(plan, member, credentials);
    case 'proxy':
      return renderProxyFiles(plan, member, credentials, further);
    case 'sentinel':
      return renderSentinelFiles(plan, member, credentials, further);
    case 'redis':
      return renderRedisFiles(plan, member, credentials, further);
    case 'monitor':
      if (isOnHosts(plan)) throw new RangeError(`${member.name}: several hosts have no monitors`);
      return renderMonitorFiles(plan, member, credentials, alertSecrets);
  }
}

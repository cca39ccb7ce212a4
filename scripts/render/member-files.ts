import { renderEdgeFiles } from '../../haproxy/files.ts';
import { renderRedisFiles, renderSentinelFiles } from '../../sentinel/files.ts';
import type { AnyPlan, Credentials, FurtherPasswords, Member, MemberFile } from '../../topology/types.ts';
import { renderProxyFiles } from './nutcracker-yml.ts';

/** Every generated file of every member, by member name. Pure. */
export function renderMembers(
  plan: AnyPlan,
  credentials: Credentials,
  further: FurtherPasswords = {},
): ReadonlyMap<string, readonly MemberFile[]> {
  return new Map(
    plan.members.map((member) => [member.name, renderMember(plan, member, credentials, further)]),
  );
}

function renderMember(
  plan: AnyPlan,
  member: Member,
  credentials: Credentials,
  further: FurtherPasswords,
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
  }
}

import type { Credentials, MemberFile, Plan, RedisMember, SentinelMember } from '../topology/types.ts';
import { renderRedisFacts, renderSentinelFacts } from './facts.ts';
import { renderRedisConf } from './redis-conf.ts';
import { renderSentinelConf } from './sentinel-conf.ts';
import { renderRedisUsers, renderSentinelUsers } from './users-acl.ts';

/** All files of one redis member. */
export function renderRedisFiles(plan: Plan, member: RedisMember, credentials: Credentials): MemberFile[] {
  return [
    { name: 'facts.env', content: renderRedisFacts(plan, member), secret: false },
    { name: 'redis.conf', content: renderRedisConf(plan, member, credentials), secret: true },
    { name: 'users.acl', content: renderRedisUsers(credentials), secret: false },
  ];
}

/** All files of one sentinel. */
export function renderSentinelFiles(
  plan: Plan,
  member: SentinelMember,
  credentials: Credentials,
): MemberFile[] {
  return [
    { name: 'facts.env', content: renderSentinelFacts(plan, member), secret: false },
    { name: 'sentinel.conf', content: renderSentinelConf(plan, member, credentials), secret: true },
    { name: 'users.acl', content: renderSentinelUsers(credentials), secret: false },
  ];
}

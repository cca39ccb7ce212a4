import type {
  AnyPlan,
  Credentials,
  FurtherPasswords,
  MemberFile,
  RedisMember,
  SentinelMember,
} from '../topology/types.ts';
import { fixedOfRedis, fixedOfSentinel } from './directives.ts';
import { renderRedisFacts, renderSentinelFacts } from './facts.ts';
import { fixedOfGuard, renderGuardConfig } from './guard-json.ts';
import { renderRedisConf } from './redis-conf.ts';
import { renderSentinelConf } from './sentinel-conf.ts';
import { renderRedisUsers, renderSentinelUsers } from './users-acl.ts';

const isWatched = ({ monitors = [] }: AnyPlan): boolean => monitors.length > 0;

/** All files of one redis member. The facts are read anew at each start and each healthcheck. */
export function renderRedisFiles(
  plan: AnyPlan,
  member: RedisMember,
  credentials: Credentials,
  further: FurtherPasswords = {},
): MemberFile[] {
  const conf = renderRedisConf(plan, member, credentials);
  return [
    { name: 'facts.env', content: renderRedisFacts(plan, member), secret: false, fixed: '' },
    { name: 'redis.conf', content: conf, secret: true, fixed: fixedOfRedis(conf) },
    {
      name: 'users.acl',
      content: renderRedisUsers(plan.pools, credentials, further, isWatched(plan)),
      secret: false,
      fixed: '',
    },
    {
      name: 'guard.json',
      content: renderGuardConfig(plan, member, [credentials.guard, further.guard]),
      secret: true,
      fixed: fixedOfGuard(plan, member),
    },
  ];
}

/** All files of one sentinel. */
export function renderSentinelFiles(
  plan: AnyPlan,
  member: SentinelMember,
  credentials: Credentials,
  further: FurtherPasswords = {},
): MemberFile[] {
  const conf = renderSentinelConf(plan, member, credentials);
  return [
    { name: 'facts.env', content: renderSentinelFacts(plan, member), secret: false, fixed: '' },
    { name: 'sentinel.conf', content: conf, secret: true, fixed: fixedOfSentinel(conf) },
    {
      name: 'users.acl',
      content: renderSentinelUsers(credentials, further, isWatched(plan)),
      secret: false,
      fixed: '',
    },
  ];
}

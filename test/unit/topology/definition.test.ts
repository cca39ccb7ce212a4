import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  DomainDefinition,
  EdgeDefinition,
  MonitoringDefinition,
  PoolDefinition,
  ProxyDefinition,
  RedisDefinition,
  SentinelDefinition,
  ShardDefinition,
  StackDefinition,
} from '../../../topology/definition.ts';
import { planOf, StackDefinitionError } from '../../../topology/definition.ts';
import type {
  DOMAIN_KEYS,
  EDGE_KEYS,
  HOST_KEYS,
  MACVLAN_KEYS,
  MONITORING_KEYS,
  POOL_KEYS,
  PROXY_KEYS,
  REDIS_KEYS,
  SENTINEL_KEYS,
  SHARD_KEYS,
  TOP_KEYS,
} from '../../../topology/keys.ts';
import { planOf as planOfText } from '../../support/stack-fixture.ts';

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
type Keys<T extends readonly string[]> = T[number];

/** A construct's service stands on one engine; backups are taken by who has a stack.yaml. */
type OfSeveralHosts = Keys<typeof HOST_KEYS> | 'ports' | 'entrance' | Keys<typeof MACVLAN_KEYS>;
type OfVerbs = 'backup';

/** A field of stack.yaml that is missing in topology/definition.ts, or one too many there, does not compile here. */
const COMPLETE: [
  Same<keyof StackDefinition, Exclude<Keys<typeof TOP_KEYS>, OfSeveralHosts | OfVerbs>>,
  Same<keyof DomainDefinition, Exclude<Keys<typeof DOMAIN_KEYS>, OfSeveralHosts>>,
  Same<keyof ShardDefinition, Keys<typeof SHARD_KEYS>>,
  Same<keyof SentinelDefinition, Keys<typeof SENTINEL_KEYS>>,
  Same<keyof RedisDefinition, Keys<typeof REDIS_KEYS>>,
  Same<keyof EdgeDefinition, Keys<typeof EDGE_KEYS>>,
  Same<keyof ProxyDefinition, Keys<typeof PROXY_KEYS>>,
  Same<keyof MonitoringDefinition, Keys<typeof MONITORING_KEYS>>,
  Same<keyof PoolDefinition, Keys<typeof POOL_KEYS>>,
] = [true, true, true, true, true, true, true, true, true];

describe('a stack as an object', () => {
  test('has every field of stack.yaml, and leads to the same plan', () => {
    assert.equal(COMPLETE.length, 9);
    const text = `name: alpha
vip: 198.18.0.100
domains: [a, b, { name: c }]
shards: [one, { name: two, weight: 3 }]
sentinel: { down_after: 1.5s }
redis: { maxmemory: 128mb }
pools:
  cache: { listen: 6380, shards: [two], hash_tag: "" }
`;
    const definition: StackDefinition = {
      name: 'alpha',
      vip: '198.18.0.100',
      domains: ['a', 'b', { name: 'c' }],
      shards: ['one', { name: 'two', weight: 3 }],
      sentinel: { down_after: '1.5s' },
      redis: { maxmemory: '128mb' },
      edge: undefined,
      pools: { cache: { listen: 6380, shards: ['two'], hash_tag: '' } },
    };
    assert.deepEqual(planOf(definition), planOfText(text));
  });

  test('all its mistakes are told at once, in the words of stack.yaml, without lines that nobody wrote', () => {
    const wrong = { name: 'alpha', vip: '198.18.0.100', shards: 0, sentinel: { quorums: 2 } };
    assert.throws(
      () => planOf(wrong as StackDefinition),
      (error) =>
        error instanceof StackDefinitionError &&
        error.problems.length === 2 &&
        /^the stack has 2 mistakes$/m.test(error.message) &&
        /^ {2}shards: 0 is not a whole number from 1 to 1000\. /m.test(error.message) &&
        /^ {2}sentinel\.quorums is an unknown key\. Did you mean quorum/m.test(error.message),
    );
  });

  test('what is no object at all is refused in words, too', () => {
    for (const nothing of [undefined, null, 'alpha', 3, []])
      assert.throws(() => planOf(nothing as never), StackDefinitionError, JSON.stringify(nothing));
  });
});

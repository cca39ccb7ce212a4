import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { positionOf, problemsOf, unmark } from '../../support/marked-yaml.ts';

const HEAD = 'name: alpha\nvip: 198.18.0.100\n';
const FIVE = `${HEAD}domains: [a, b, c, d, e]\n`;

type Case = readonly [title: string, marked: string, said: RegExp];

/** One mistake each: § marks where the message must point. */
const SECTIONS: Readonly<Record<string, readonly Case[]>> = {
  names: [
    ['name missing', '§vip: 10.0.0.9', /^name is missing. Name the stack/],
    [
      'name misspelt: one message, not two',
      '§naem: alpha\nvip: 10.0.0.9',
      /^naem is an unknown key. Did you mean name/,
    ],
    ['upper case', 'name: §Alpha\nvip: 10.0.0.9', /not a name for a stack.*For example alpha/],
    ['underscore', 'name: §my_stack\nvip: 10.0.0.9', /For example my-stack/],
    ['digit first', 'name: §1a\nvip: 10.0.0.9', /a letter first/],
    ['two hyphens', 'name: §a--b\nvip: 10.0.0.9', /single hyphens/],
    ['closing hyphen', 'name: §a-\nvip: 10.0.0.9', /not a name/],
    ['too long', `name: §${'x'.repeat(21)}\nvip: 10.0.0.9`, /at most 20/],
    ['a number', 'name: §12\nvip: 10.0.0.9', /not a name/],
    ["Docker's own network", 'name: §host\nvip: 10.0.0.9', /cannot have/],
    ['empty', '§name:\nvip: 10.0.0.9', /has no value/],
    ['a list', 'name: §[a]\nvip: 10.0.0.9', /a list where one plain value/],
  ],
  vip: [
    ['missing', '§name: alpha', /^vip is missing/],
    ['no address', 'name: a\nvip: §myhost', /not an IPv4 address/],
    ['leading zero', 'name: a\nvip: §10.0.0.09', /not an IPv4 address/],
    ['out of range', 'name: a\nvip: §10.0.0.256', /not an IPv4 address/],
    ['IPv6', 'name: a\nvip: §"fd00::1"', /not an IPv4 address/],
    ['with prefix', 'name: a\nvip: §10.0.0.9/24', /without the prefix: 10.0.0.9/],
    [
      'outside',
      'name: a\nvip: §10.0.1.9\nnetwork: 10.0.0.0/24',
      /not inside the network 10.0.0.0\/24.*10.0.0.100/,
    ],
    ['network address', 'name: a\nvip: §10.0.0.0', /network address/],
    ['broadcast address', 'name: a\nvip: §10.0.0.255', /broadcast address/],
    ['broadcast of a larger network', 'name: a\nvip: §10.0.1.255\nnetwork: 10.0.0.0/23', /broadcast address/],
    ['gateway', 'name: a\nvip: §10.0.0.1', /gateway/],
    ['public', 'name: a\nvip: §8.8.8.8', /8.8.8.0\/24.*private/],
  ],
  network: [
    ['no network', 'name: a\nvip: 10.0.0.9\nnetwork: §10.0.0.0', /not an IPv4 network/],
    ['host bits', 'name: a\nvip: 10.0.0.9\nnetwork: §10.0.0.7/24', /Write 10.0.0.0\/24/],
    ['too small', 'name: a\nvip: 10.0.0.9\nnetwork: §10.0.0.0/26', /between \/16 and \/25/],
    ['too large', 'name: a\nvip: 10.0.0.9\nnetwork: §10.0.0.0/15', /between \/16 and \/25/],
    ['public', 'name: a\nvip: 1.1.1.9\nnetwork: §1.1.1.0/24', /private or benchmark/],
    [
      'a back that is the front',
      'name: a\nvip: 10.0.0.9\nback_network: §10.0.0.128/25',
      /overlaps the front network 10.0.0.0\/24.*10.0.128.0\/24/,
    ],
    ['a public back', 'name: a\nvip: 10.0.0.9\nback_network: §1.1.1.0/24', /private or benchmark/],
    [
      'no private range for the back of a whole /16',
      'name: a\nvip: 192.168.0.9\nnetwork: §192.168.0.0/16',
      /^back_network is not in a private.*back_network: 10.0.0.0\/24/,
    ],
    [
      '13 shards in a /24',
      'name: a\nvip: 10.0.0.9\nback_network: §10.0.1.0/24\nshards: 13',
      /room for 12.*Write a \/23/,
    ],
    [
      '13 shards in the default',
      'name: a\nvip: 10.0.0.9\nshards: §13',
      /^back_network has room for 12 shards/,
    ],
    ['5 shards in a /25', 'name: a\nvip: 10.0.0.9\nnetwork: §10.0.0.0/25\nshards: 5', /Write a \/24/],
    [
      'too many for a bridge',
      'name: a\nvip: 10.0.0.9\nnetwork: 10.0.0.0/16\nshards: §331',
      /1001 containers.*at most 330 shards/,
    ],
  ],
  domains: [
    ['not a list', `${HEAD}domains: §3`, /not a list/],
    ['empty list', `${HEAD}domains: §[]`, /at least one/],
    ['twice', `${HEAD}domains: [a, b, c, §a]`, /earlier domain/],
    ['nine', `${HEAD}domains: [a, b, c, d, e, f, g, h, §i]`, /at most 8/],
    ['reserved', `${HEAD}domains: [a, b, c, §network]`, /cannot have/],
    ['-data of another', `${HEAD}domains: [a, b, c, §b-data]`, /data of domain b/],
    ['nameless', `${HEAD}domains: [a, b, c, §{}]`, /needs a name/],
    [
      'docker host',
      `${HEAD}domains: [a, b, {name: c, §docker: "ssh://x"}]`,
      /one.*Remove the key: several domains may share/,
    ],
    [
      'address',
      `${HEAD}domains:\n  - name: a\n    §address: 10.0.0.11\n  - b\n  - c`,
      /several Docker hosts/,
    ],
  ],
  shards: [
    ['zero', `${HEAD}shards: §0`, /from 1 to 1000/],
    ['a mapping', `${HEAD}shards: §{a: 1}`, /not a list/],
    ['twice', `${HEAD}shards: [x, §x]`, /earlier shard/],
    ['twice, mappings', `${HEAD}shards: [{name: x}, {name: §x}]`, /earlier shard/],
    ['a default name taken', `${HEAD}shards: [shard-2, §{weight: 2}]`, /earlier shard/],
    ['a role', `${HEAD}shards: [§edge]`, /cannot have/],
    ['weight 0', `${HEAD}shards: [{weight: §0}]`, /from 1 to 1000/],
    ['weight as text', `${HEAD}shards: [{weight: §"2"}]`, /without quotes: 2/],
    [
      'unknown domain',
      `${HEAD}shards: [{domains: [a, b, §z]}]`,
      /no domain of this file. There are: a, b, c/,
    ],
    ['one domain twice', `${HEAD}shards: [{domains: [a, b, §a]}]`, /different domains/],
    ['too few domains', `${HEAD}shards: [{domains: §[a, b]}]`, /names 2, a master with replicas: 2 needs 3/],
    ['too many domains', `${FIVE}shards: [{domains: §[a, b, c, d]}]`, /names 4/],
    ['member names meet', `${HEAD}domains: [b, a-b, c]\nshards: [x-a, §x]`, /called alpha-x-a-b/],
  ],
  spread: [
    ['replicas', `${FIVE}replicas: §5`, /needs 6 domains, there are 5/],
    ['edges', `${HEAD}edge: {count: §4}`, /needs 4 domains, there are 3/],
    ['sentinels', `${HEAD}sentinel: {count: §5}`, /needs 5 domains, there are 3/],
    ['replicas negative', `${HEAD}replicas: §-1`, /from 0 to 7/],
  ],
  sentinel: [
    ['even', `${FIVE}sentinel: {count: §4}`, /odd number from 3/],
    ['one', `${HEAD}sentinel: {count: §1}`, /odd number from 3/],
    ['quorum below a majority', `${FIVE}sentinel: {count: 5, quorum: §2}`, /from 3 to 5.*Write 3/],
    ['quorum above the count', `${HEAD}sentinel: {quorum: §4}`, /from 2 to 3/],
    ['down_after too short', `${HEAD}sentinel: {down_after: §50ms}`, /nearest is 100ms/],
    ['down_after no duration', `${HEAD}sentinel: {down_after: §soon}`, /not a duration/],
    ['down_after quoted number', `${HEAD}sentinel: {down_after: §"5"}`, /no unit/],
    [
      'failover_timeout short',
      `${HEAD}sentinel: {down_after: 4s, failover_timeout: §5s}`,
      /twice down_after \(8s\).*Write 12s/,
    ],
    ['failover_timeout tiny', `${HEAD}sentinel: {failover_timeout: §10ms}`, /from 1s/],
    ['parallel_syncs', `${HEAD}sentinel: {parallel_syncs: §0}`, /from 1 to 7/],
    ['not a mapping', `${HEAD}sentinel: §3`, /no mapping/],
  ],
  redis: [
    ['maxmemory without unit', `${HEAD}redis: {maxmemory: §64}`, /e.g. 64mb/],
    ['maxmemory in kb', `${HEAD}redis: {maxmemory: §64kb}`, /mb or gb/],
    ['maxmemory too small', `${HEAD}redis: {maxmemory: §1mb}`, /nearest is 16mb/],
    ['policy', `${HEAD}redis: {maxmemory_policy: §allkeys_lru}`, /Did you mean allkeys-lru/],
    ['appendfsync', `${HEAD}redis: {appendfsync: §never}`, /always, everysec, no/],
    ['events', `${HEAD}redis: {notify_keyspace_events: §KQx}`, /letters K, E, A/],
    ['events of nothing', `${HEAD}redis: {notify_keyspace_events: §Ax}`, /makes no event/],
    ['min_replicas_to_write', `${HEAD}redis: {min_replicas_to_write: §3}`, /more than the 2 replicas/],
    ['lag without unit', `${HEAD}redis: {min_replicas_max_lag: §2}`, /e.g. 2s/],
    ['lag too short', `${HEAD}redis: {min_replicas_max_lag: §1s}`, /nearest is 2s/],
    ['lag not whole seconds', `${HEAD}redis: {min_replicas_max_lag: §2500ms}`, /steps of 1s/],
    ['backlog', `${HEAD}redis: {repl_backlog: §0mb}`, /nearest is 1mb/],
  ],
  edge: [
    ['none', `${HEAD}edge: {count: §0}`, /from 1 to 8/],
    ['vrid 0', `${HEAD}edge: {vrid: §0}`, /from 1 to 255/],
    ['vrid 256', `${HEAD}edge: {vrid: §256}`, /from 1 to 255/],
    ['advert below VRRPv3', `${HEAD}edge: {advert_interval: §5ms}`, /from 10ms to 40.95s/],
    ['advert above VRRPv3', `${HEAD}edge: {advert_interval: §41s}`, /nearest is 40.95s/],
    ['advert between hundredths', `${HEAD}edge: {advert_interval: §305ms}`, /steps of 10ms/],
    ['advert as keepalived has it', `${HEAD}edge: {advert_interval: §0.3}`, /counts as milliseconds/],
    ['max_connections', `${HEAD}edge: {max_connections: §1}`, /from 16/],
    ['max_connections beyond open files', `${HEAD}edge: {max_connections: §600000}`, /at most 523852/],
    ['max_connections_per_source', `${HEAD}edge: {max_connections_per_source: §-1}`, /from 0 to/],
  ],
  pools: [
    ['none', `${HEAD}pools: §{}`, /mapping of pool names/],
    ['a list', `${HEAD}pools: §[alpha]`, /mapping of pool names/],
    ['name', `${HEAD}pools: {§Alpha: {listen: 1}}`, /not a name for a pool/],
    ["name of a stats' metric", `${HEAD}pools: {§uptime: {listen: 1}}`, /cannot have/],
    ['empty', `${HEAD}pools:\n  §alpha:`, /nothing under it/],
    ['two on one port', `${HEAD}pools: {a: {listen: 7000}, b: {listen: §7000}}`, /port of pool a/],
    ['two on the default port', `${HEAD}pools: {a: {listen: 6379}, §b: {hash: md5}}`, /port of pool a/],
    [
      'an unknown shard',
      `${HEAD}pools: {a: {shards: [shard-1, §shard-7]}}`,
      /no shard of this file.*shard-1, shard-2/,
    ],
    ['a shard twice', `${HEAD}pools: {a: {shards: [shard-1, §shard-1]}}`, /listed already/],
    ['no shard', `${HEAD}pools: {a: {shards: §[]}}`, /at least one item.*remove the key/],
    ['a shard as a word', `${HEAD}pools: {a: {shards: §shard-1}}`, /not a list/],
    ["the edges' port", `${HEAD}pools: {a: {listen: §8404}}`, /health and metrics/],
    ["the proxies' port", `${HEAD}pools: {a: {listen: §22222}}`, /stats port/],
    ['port 0', `${HEAD}pools: {a: {listen: §0}}`, /from 1 to 65535/],
    ['address and port', `${HEAD}pools: {a: {listen: §"0.0.0.0:22121"}}`, /only the port: 22121/],
    ['hash', `${HEAD}pools: {a: {hash: §fnv1a64}}`, /Did you mean fnv1a_64/],
    ['distribution', `${HEAD}pools: {a: {distribution: §Ketama}}`, /Did you mean ketama/],
    ['hash_tag of three', `${HEAD}pools: {a: {hash_tag: §"{x}"}}`, /exactly 2 bytes/],
    [
      'hash_tag of one two-byte and one plain letter',
      `${HEAD}pools: {a: {hash_tag: §"ä}"}}`,
      /exactly 2 bytes/,
    ],
    ['hash_tag unquoted', `${HEAD}pools: {a: {hash_tag: §{}}}`, /Write "\{\}"/],
    ['timeout', `${HEAD}pools: {a: {timeout: §-1}}`, /nearest is 1ms/],
    ['server_connections', `${HEAD}pools: {a: {server_connections: §0}}`, /from 1 to 64/],
    ['reads', `${HEAD}pools: {a: {reads: §slaves}}`, /master|replicas/],
    ['reads without replicas', `${HEAD}replicas: 0\npools: {a: {reads: §replicas}}`, /`replicas` is 0/],
    ['transactions', `${HEAD}pools: {a: {transactions: §per_server}}`, /strict|per_shard/],
    ['dangerous', `${HEAD}pools: {a: {dangerous: §no}}`, /allow|refuse/],
    ['unknown_outcomes', `${HEAD}pools: {a: {unknown_outcomes: §no}}`, /error|disconnect/],
    ['replica_max_lag', `${HEAD}pools: {a: {replica_max_lag: §100ms}}`, /from 1s/],
    ['wait_replicas', `${HEAD}pools: {a: {wait_replicas: §3}}`, /more than the 2 replicas of a shard/],
    ['wait_timeout', `${HEAD}pools: {a: {wait_timeout: §0}}`, /nearest is 1ms/],
    ['redis_db', `${HEAD}pools: {a: {redis_db: §16}}`, /from 0 to 15/],
    ['databases', `${HEAD}pools: {a: {databases: §17}}`, /from 1 to 16/],
    [
      'its own beyond',
      `${HEAD}pools: {a: {redis_db: 4, databases: §4}}`,
      /databases 0 to 3, and clients begin in 4/,
    ],
    ['servers', `${HEAD}pools: {a: {§servers: ["1.2.3.4:1:1"]}}`, /follows from `shards`/],
    ['auto_eject_hosts', `${HEAD}pools: {a: {§auto_eject_hosts: true}}`, /remove the key/],
    ['redis_auth', `${HEAD}pools: {a: {§redis_auth: x}}`, /generated once/],
  ],
  backup: [
    [
      'too often',
      `${HEAD}backup: { every: §30s }`,
      /^backup.every is not a duration from 1m to 168h. The nearest is 1m/,
    ],
    ['no unit', `${HEAD}backup: { every: §5 }`, /has no unit/],
    ['keeps none', `${HEAD}backup: { keep: §0 }`, /not a whole number from 1 to 999999/],
    [
      'another kind of store',
      `${HEAD}backup: { to: §ftp://x/y }`,
      /neither a folder nor s3:\/\/BUCKET\/PREFIX/,
    ],
    ['no bucket', `${HEAD}backup: { to: §"s3://" }`, /neither a folder nor s3/],
    ['encrypt', `${HEAD}backup: { encrypt: §maybe }`, /neither true nor false. Write true or false/],
    ['no rate', `${HEAD}backup: { rate: §0 }`, /^backup.rate has no unit.* unlimited: as fast as it comes/],
    ['too slow', `${HEAD}backup: { rate: §0mb }`, /not a size from 1mb to 10gb. The nearest is 1mb/],
    ['too fast', `${HEAD}backup: { rate: §11gb }`, /The nearest is 10gb/],
    ['a rate by another word', `${HEAD}backup: { rate: §full }`, /not a size in mb or gb.*unlimited/],
    ['misspelt', `${HEAD}backup: { §evry: 1h }`, /evry is an unknown key. Did you mean every/],
  ],
  monitoring: [
    ['neither on nor off', `${HEAD}monitoring: §yes please`, /^monitoring is neither on nor off. Write one/],
    ['a list', `${HEAD}monitoring: §[on]`, /a list where one plain value/],
    ['empty', `${HEAD}§monitoring:`, /has no value.*the default \(off\)/],
    ['misspelt', `${HEAD}monitoring: { §retain: 24h }`, /retain is an unknown key/],
    [
      'no such domain',
      `${HEAD}monitoring: { domains: [§d] }`,
      /is no domain of this file. There are: a, b, c/,
    ],
    ['a domain twice', `${HEAD}monitoring: { domains: [a, §a] }`, /is listed already/],
    ['three', `${HEAD}monitoring: { domains: §[a, b, c] }`, /names 3 domains, and a stack has at most 2/],
    [
      'the seventh domain',
      `${HEAD}domains: [a, b, c, d, e, f, g]\nmonitoring: { domains: [§g] }`,
      /not among the first 6 domains.*a, b, c, d, e, f/,
    ],
    ['retention without unit', `${HEAD}monitoring: { retention: §24 }`, /has no unit/],
    ['retention too short', `${HEAD}monitoring: { retention: §30m }`, /from 60m to 8784h in steps of 60m/],
    ['no address', `${HEAD}monitoring: { webhook: §alerts.example }`, /no http:\/\/ or https:\/\/ address/],
    [
      'a password in it',
      `${HEAD}monitoring: { webhook: §"https://me:secret@alerts.example" }`,
      /has a password in it.*secret set webhook/,
    ],
    [
      'mail without server',
      `${HEAD}monitoring: { email: §a@example.org }`,
      /needs a mail server. Write smtp/,
    ],
    ['server without mail', `${HEAD}monitoring: { smtp: §"mail.example:25" }`, /no one is named/],
    ['no port', `${HEAD}monitoring: { email: a@example.org, smtp: §mail.example }`, /is not HOST:PORT/],
    [
      'two addresses',
      `${HEAD}monitoring: { email: §"a@x.example, b@x.example", smtp: "mail.example:25" }`,
      /is no mail address/,
    ],
    [
      'its network is another one',
      `${HEAD}monitoring: { webhook: http://a.example, network: §198.18.0.0/28 }`,
      /overlaps 198.18.0.0\/24. Write another one/,
    ],
    [
      'its network is too large',
      `${HEAD}monitoring: { network: §10.0.0.0/24 }`,
      /is not an IPv4 network of a \/28/,
    ],
    [
      'the front takes its place',
      'name: alpha\nvip: 10.0.0.9\nnetwork: 10.0.0.0/16\nmonitoring: §{ webhook: http://a.example }',
      /^monitoring.network overlaps 10.0.0.0\/16/,
    ],
    [
      'called as a monitor is',
      `${HEAD}shards: [§monitor]\nmonitoring: on`,
      /would be called alpha-monitor-c, as a member of the monitoring is/,
    ],
  ],
  'unknown keys': [
    ['near', `${HEAD}§replica: 2`, /^replica is an unknown key. Did you mean replicas\?/],
    ['camel case', `${HEAD}sentinel: {§downAfter: 1s}`, /Did you mean down_after/],
    ['in the wrong section', `${HEAD}§quorum: 2`, /Did you mean sentinel.quorum/],
    ['far', `${HEAD}§zookeeper: 2`, /^zookeeper is an unknown key. Known here: name, vip/],
    ['in a shard', `${HEAD}shards: [{§wieght: 2}]`, /Did you mean weight/],
    ['in a pool', `${HEAD}pools: {a: {§hashtag: "{}"}}`, /Did you mean hash_tag/],
    ['a word JavaScript objects know', `${HEAD}§constructor: 2`, /unknown key/],
  ],
};

for (const [section, cases] of Object.entries(SECTIONS))
  describe(`rules: ${section}`, () => {
    for (const [title, marked, said] of cases)
      test(title, () => {
        const { text, marks } = unmark(marked);
        const problems = problemsOf(text);
        assert.deepEqual(problems.map(positionOf), marks, JSON.stringify(problems));
        const [{ path, rule, remedy }] = problems;
        assert.match(`${path} ${rule}. ${remedy}`, said);
      });
  });

describe('rules between sections', () => {
  test('too few domains: said for all that the defaults need, at the domains', () => {
    const { text, marks } = unmark(`${HEAD}domains: §[a, b]`);
    const problems = problemsOf(text);
    assert.deepEqual(problems.map((problem) => problem.path).sort(), ['replicas', 'sentinel.count']);
    for (const problem of problems) {
      assert.equal(positionOf(problem), marks[0]);
      assert.match(problem.value ?? '', /the default/);
    }
  });

  test('a refused value silences only the rules that need it', () => {
    const text = 'name: alpha\nvip: nonsense\nnetwork: 10.0.0.0/24\nreplicas: x\nedge: {count: 9}\n';
    assert.deepEqual(
      problemsOf(text).map((problem) => problem.path),
      ['vip', 'replicas', 'edge.count'],
    );
  });
});

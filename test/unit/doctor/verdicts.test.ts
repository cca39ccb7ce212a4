import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { checks } from '../../../scripts/doctor/check.ts';
import { examine, type Verdict } from '../../../scripts/doctor/examine.ts';
import type { Facts, HostFacts, Vitals } from '../../../scripts/doctor/facts.ts';
import { diagnosisDocument, diagnosisText } from '../../../scripts/doctor/report.ts';
import { assess } from '../../../scripts/observe/assess.ts';
import type { ContainerState } from '../../../scripts/observe/engine.ts';
import type { MemberStatus } from '../../../scripts/observe/status.ts';
import { CHECKOUT } from '../../../scripts/stack/home.ts';
import type { GuardState } from '../../../sentinel/guard/messages.ts';
import type { Member, Plan } from '../../../topology/types.ts';
import { defaultPlan, hostsPlanOf, planOf, THREE_HOSTS } from '../../support/stack-fixture.ts';
import { redisView, WELL_VITALS, wellContainer, wellFacts, wellStatus } from '../../support/well-stack.ts';

const plan = defaultPlan();
const NOW = wellFacts(plan).now;
const NAMED = Object.fromEntries(plan.members.map((member) => [member.name, member]));
const ALL = new Set(plan.domains.map(({ name }) => name));

/** Facts in which some are different; what `status` makes of them is worked out as it is there. */
function facts(change: Partial<Facts> = {}): Facts {
  const changed = { ...wellFacts(plan), ...change };
  return { ...changed, problems: changed.status === undefined ? [] : assess(plan, changed.status, ALL) };
}

const container = (name: string, change: Partial<ContainerState>, of: Plan = plan): Facts['containers'] =>
  new Map([...wellFacts(of).containers, [name, { ...wellContainer(of, NAMED[name]), ...change }]]);
/** What keepalived says on both edges. */
const vrrp = (a: string, b: string): Facts['vrrp'] =>
  new Map([
    ['alpha-edge-a', new Map([[plan.vip, a]])],
    ['alpha-edge-b', new Map([[plan.vip, b]])],
  ]);
const members = (change: Readonly<Record<string, Partial<MemberStatus>>>) =>
  wellStatus(plan, ({ name }: Member) => change[name]);
const vitals = (name: string, change: Partial<Vitals>): Facts['vitals'] =>
  new Map([...wellFacts(plan).vitals, [name, { ...WELL_VITALS, ...change }]]);
const guards = (
  ...changes: ReadonlyArray<readonly [string, Partial<GuardState> | undefined]>
): Facts['guards'] => {
  const all = new Map(wellFacts(plan).guards);
  for (const [name, change] of changes) {
    const before = all.get(name);
    if (change === undefined || before === undefined) all.delete(name);
    else all.set(name, { ...before, ...change });
  }
  return all;
};
const hosts = (change: Partial<HostFacts>): Facts['hosts'] =>
  new Map(
    plan.domains.map(({ name }) => [name, { diskFree: 50e9, diskSize: 100e9, overcommit: 1, ...change }]),
  );

/** A stack on three hosts, of which c has lost its power. */
function withoutHostC(): Facts {
  const onHosts = hostsPlanOf(THREE_HOSTS);
  const well = wellFacts(onHosts);
  const gone = ({ domain }: Member): Partial<MemberStatus> | undefined =>
    domain === 'c'
      ? { container: undefined, redis: undefined, sentinel: undefined, serving: undefined, away: true }
      : undefined;
  const status = {
    ...wellStatus(onHosts, gone),
    hosts: onHosts.domains.map(({ host: { address }, name }) => ({
      domain: name,
      address,
      ...(name === 'c' ? { problem: 'connect EHOSTUNREACH' } : {}),
    })),
  };
  return {
    ...well,
    status,
    problems: assess(onHosts, status, ALL),
    away: new Map([
      [
        'c',
        {
          docker: 'tcp://10.0.0.13:2376',
          what: 'connect EHOSTUNREACH',
          remedy: 'start the machine and its engine',
        },
      ],
    ]),
    containers: new Map([...well.containers].filter(([name]) => !name.endsWith('-c'))),
    guards: new Map([...well.guards].filter(([name]) => !name.endsWith('-c'))),
  };
}

/** One fault, and the verdict on it: of which check, and what its text says (what, why, mend). */
const FAULTS: ReadonlyArray<
  readonly [title: string, facts: Facts, check: string, what: RegExp, why: RegExp, mend: RegExp]
> = [
  [
    'one of three hosts has lost its power',
    withoutHostC(),
    'away',
    /host c \(tcp:\/\/10\.0\.0\.13:2376\) is not reached/,
    /EHOSTUNREACH/,
    /start the machine and its engine[^`]*`twemstack up` makes them anew/,
  ],
  [
    'the engine was stopped',
    facts({
      engine: { kind: 'absent', address: 'unix:///x', detail: 'ENOENT' },
      containers: new Map(),
      status: undefined,
    }),
    'engine',
    /no Docker engine answers at unix:\/\/\/x: ENOENT/,
    /stopped/,
    /twemstack up/,
  ],
  [
    'a backup failed',
    facts({
      backups: { lastGood: NOW - 7_200_000, lastFailure: { at: NOW - 60_000, why: 'the store is full' } },
    }),
    'backups',
    /the last one failed 1 m ago, the newest is 2 h old: the store is full/,
    /full or out of reach/,
    /`twemstack backup`/,
  ],
  [
    'nobody takes backups any more',
    {
      ...facts({ backups: { lastGood: NOW - 7_260_000 } }),
      plan: planOf(`name: alpha\nvip: 198.18.0.100\nbackup: { every: 1h }\n`),
    },
    'backups',
    /the newest is 2 h 1 m old, one is wanted every 1 h/,
    /has ended/,
    /--schedule/,
  ],
  [
    'nothing is deployed',
    facts({ containers: new Map(), status: undefined }),
    'deployed',
    /no container of alpha/,
    /never deployed/,
    /`twemstack up`/,
  ],
  [
    'the credentials are lost',
    facts({
      files: { credentialsPath: '/x/c.json', credentials: 'missing', damaged: [] },
      status: undefined,
    }),
    'credentials',
    /\/x\/c\.json is not there/,
    /nobody can look/,
    /secret adopt/,
  ],
  [
    'the credentials are damaged',
    facts({
      files: { credentialsPath: '/x/c.json', credentials: { damaged: 'not JSON' }, damaged: [] },
      status: undefined,
    }),
    'credentials',
    /c\.json is damaged: not JSON/,
    /nobody can look/,
    /adopt --from FILE/,
  ],
  [
    'the credentials are of another deployment',
    facts({
      status: members({
        'alpha-shard-1-a': { redis: undefined, error: 'WRONGPASS invalid username-password pair' },
      }),
    }),
    'credentials',
    /alpha-shard-1-a refuse the password/,
    /not of this deployment/,
    /secret adopt/,
  ],
  [
    'a file of .twemstack is damaged',
    facts({
      files: {
        credentialsPath: '/x/c.json',
        credentials: 'good',
        damaged: [{ path: '/x/in-force.json', outcome: 'members are told once more' }],
      },
    }),
    'damaged-files',
    /in-force\.json is damaged/,
    /disk/,
    /`twemstack up` sets it aside .* told once more/,
  ],
  [
    'a drill was killed',
    facts({ leftFaults: ['drill hang-master left this: alpha-shard-1-a is frozen'] }),
    'left-faults',
    /hang-master/,
    /killed/,
    /`twemstack up`/,
  ],
  [
    'a stack of one network',
    facts({ containers: container('alpha-proxy-a', { networks: ['alpha'] }) }),
    'one-network',
    /alpha-proxy-a: not on the network alpha-back/,
    /one network/,
    /`twemstack down`/,
  ],
  [
    'an address is taken',
    facts({
      conflicts: [
        { what: 'the virtual IP is an address of this machine', where: 'eth0', remedy: 'take it off' },
      ],
    }),
    'conflicts',
    /virtual IP .* \(eth0\)/,
    /reached/,
    /take it off/,
  ],
  [
    'a member was removed',
    facts({
      containers: new Map([...wellFacts(plan).containers].filter(([name]) => name !== 'alpha-proxy-b')),
      status: members({
        'alpha-proxy-b': { container: undefined, serving: undefined, error: 'no container' },
      }),
    }),
    'not-running',
    /alpha-proxy-b has no container/,
    /removed/,
    /`twemstack up`/,
  ],
  [
    'a member is frozen',
    facts({
      containers: container('alpha-edge-b', { status: 'paused' }),
      status: members({ 'alpha-edge-b': { error: 'container is paused', vip: undefined } }),
    }),
    'not-running',
    /alpha-edge-b is frozen/,
    /paused/,
    /`docker unpause alpha-edge-b`/,
  ],
  [
    'a master that cannot load its append-only file',
    facts({
      containers: container('alpha-shard-1-a', {
        status: 'restarting',
        restarts: 12,
        exitCode: 1,
        imageName: 'twemstack/redis:7',
      }),
      lastLines: new Map([
        [
          'alpha-shard-1-a',
          [
            'twemstack-redis 1 alpha-shard-1-a: refusing to start: I am to be master (x), but my store does not load (y)',
          ],
        ],
      ]),
    }),
    'broken-store',
    /alpha-shard-1-a does not start, for its append-only file does not load: .*refusing to start/,
    /bad disk/,
    /docker run --rm -i --user 10001:10001 --network none -v alpha-shard-1-a-data:\/data --entrypoint redis-check-aof twemstack\/redis:7 --fix \/data\/store\/appendonlydir\/appendonly\.aof\.manifest/,
  ],
  [
    'a member that crashes for another reason',
    facts({
      containers: container('alpha-proxy-a', { status: 'restarting', restarts: 9, exitCode: 139 }),
      lastLines: new Map([['alpha-proxy-a', ['one', 'two', 'three', 'panic: out of luck']]]),
    }),
    'crash-loop',
    /alpha-proxy-a ends soon after each start: 9 times until now, last with exit code 139/,
    /last words: two \/ three \/ panic: out of luck/,
    /twemstack logs alpha-proxy-a/,
  ],
  [
    'a shard that waits for members',
    facts({
      containers: container('alpha-shard-1-a', { status: 'exited' }),
      status: members({
        'alpha-shard-1-a': { redis: undefined, error: 'container is exited' },
        'alpha-shard-1-b': { redis: undefined, error: 'Connection is closed.' },
        'alpha-shard-1-c': { redis: redisView(plan, 'shard-1', false), waiting: '1 of 2 votes (3 members)' },
      }),
      guards: guards(
        ['alpha-shard-1-a', undefined],
        ['alpha-shard-1-b', undefined],
        ['alpha-shard-1-c', { waiting: '1 of 2 votes (3 members)' }],
      ),
    }),
    'shard-waits',
    /shard-1 has no master and waits: a promotion needs 2 of 3 members, 1 in reach/,
    /missing: alpha-shard-1-a \(its container is exited\), alpha-shard-1-b \(Connection is closed\.\); .*durability: strict.*alpha-shard-1-c: 1 of 2 votes/,
    /switchover shard-1 --force/,
  ],
  [
    'two masters',
    facts({ status: members({ 'alpha-shard-1-b': { redis: redisView(plan, 'shard-1', true) } }) }),
    'masters',
    /alpha-shard-1-a and alpha-shard-1-b both say that they are master of shard-1/,
    /failover/,
    /twemstack logs shard-1/,
  ],
  [
    'guards that disagree',
    facts({
      guards: guards([
        'alpha-shard-1-b',
        {
          role: 'master',
          promised: { counter: 2, owner: 'alpha-shard-1-b', run: 0 },
          lead: { term: { counter: 2, owner: 'alpha-shard-1-b', run: 0 }, histories: [] },
        },
      ]),
    }),
    'guards',
    /alpha-shard-1-a \(term 1 of alpha-shard-1-a\) and alpha-shard-1-b \(term 2 of alpha-shard-1-b\) both lead shard-1/,
    /alpha-shard-1-b was elected last/,
    /network/,
  ],
  [
    'a guard that is silent',
    facts({ guards: guards(['alpha-shard-2-c', undefined]) }),
    'guards',
    /the guard of alpha-shard-2-c does not answer/,
    /takes part in no promotion/,
    /twemstack logs alpha-shard-2-c/,
  ],
  [
    'a term that was promised in vain',
    facts({
      guards: guards(['alpha-shard-1-c', { promised: { counter: 3, owner: 'alpha-shard-1-c', run: 0 } }]),
    }),
    'guards',
    /alpha-shard-1-c has promised term 3/,
    /did not come to anything/,
    /look again/,
  ],
  [
    'no holder of the virtual IP',
    facts({
      status: members({ 'alpha-edge-a': { vip: false } }),
      vrrp: vrrp('FAULT', 'BACKUP'),
    }),
    'vip',
    /no edge holds 198\.18\.0\.100/,
    /alpha-edge-a in FAULT/,
    /twemstack logs edge/,
  ],
  [
    'two holders of the virtual IP',
    facts({
      status: members({ 'alpha-edge-b': { vip: true } }),
      vrrp: vrrp('MASTER', 'MASTER'),
    }),
    'vip',
    /alpha-edge-a and alpha-edge-b both hold 198\.18\.0\.100/,
    /adverts do not reach/,
    /docker restart alpha-edge-b/,
  ],
  [
    'a virtual IP that keepalived does not know of',
    facts({
      vrrp: vrrp('BACKUP', 'BACKUP'),
    }),
    'vip',
    /alpha-edge-a has 198\.18\.0\.100 on its device, while keepalived there is BACKUP/,
    /hung or was killed/,
    /docker restart alpha-edge-a/,
  ],
  [
    'a script that does not end',
    facts({
      status: members({
        'alpha-shard-2-c': { redis: undefined, error: 'BUSY Redis is busy running a script.' },
      }),
    }),
    'busy-script',
    /alpha-shard-2-c runs a script that does not end/,
    /script_time_limit/,
    /--member alpha-shard-2-c SCRIPT KILL/,
  ],
  [
    'a sentinel in TILT',
    facts({
      status: members({
        'alpha-sentinel-b': { sentinel: { tilt: true, masters: sentinelMasters('alpha-sentinel-b') } },
      }),
    }),
    'tilt',
    /alpha-sentinel-b is in TILT/,
    /2 of 3 sentinels are left, which is enough/,
    /timedatectl/,
  ],
  [
    'a stray replica',
    facts({ status: members({ 'alpha-sentinel-c': strange() }) }),
    'strays',
    /alpha-sentinel-c holds 198\.18\.128\.66:6379, which is no member of the stack, for a replica of shard-1/,
    /no proxy and no guard follows it/,
    /`twemstack up` makes the sentinels forget it/,
  ],
  [
    'a member’s clock',
    facts({ vitals: vitals('alpha-shard-1-b', { ahead: -2300, exactTo: 5 }) }),
    'clocks',
    /alpha-shard-1-b is 2\.3 s behind/,
    /keeps no time/,
    /timedatectl/,
  ],
  [
    'the engine’s clock',
    facts({ engine: { kind: 'answers', address: 'unix:///x', ahead: 900 } }),
    'clocks',
    /engine's clock is 0\.9 s ahead/,
    /keeps no time/,
    /timedatectl/,
  ],
  [
    'a full disk',
    facts({ vitals: vitals('alpha-shard-1-b', { aofWrites: false }) }),
    'persistence',
    /alpha-shard-1-b: the last write to its append-only file failed/,
    /full or broken/,
    /make room/,
  ],
  [
    'a disk that is nearly full',
    facts({ hosts: hosts({ diskFree: 5e8 }) }),
    'disk',
    /domain a, b, c has 0\.5 GB of 93\.1 GB left, 1\.4 GB are needed/,
    /refuses writes/,
    /docker system df/,
  ],
  [
    'a data set near its limit',
    facts({ vitals: vitals('alpha-shard-1-a', { usedMemory: 62e6 }) }),
    'memory',
    /alpha-shard-1-a has 97 % of redis\.maxmemory/,
    /refused with OOM/,
    /raise `redis\.maxmemory`/,
  ],
  [
    'a container near its limit',
    facts({ memory: new Map([['alpha-edge-b', { used: 95, limit: 100 }]]) }),
    'memory',
    /alpha-edge-b uses 95 %/,
    /kernel ends/,
    /edge\.max_connections/,
  ],
  [
    'a member that was killed for memory',
    facts({ containers: container('alpha-shard-1-a', { oomKilled: true, restarts: 1 }) }),
    'restarts',
    /alpha-shard-1-a was last ended by the kernel/,
    /limit of its container/,
    /raise `redis\.maxmemory`/,
  ],
  [
    'a member that came back by itself',
    facts({ containers: container('alpha-proxy-c', { restarts: 2 }) }),
    'restarts',
    /alpha-proxy-c was restarted 2 times by itself/,
    /engine started it again/,
    /twemstack logs alpha-proxy-c --events/,
  ],
  [
    'too many connections',
    facts({ vitals: vitals('alpha-shard-2-a', { clients: 950 }) }),
    'clients',
    /alpha-shard-2-a has 950 of at most 1000/,
    /proxies share/,
    /CLIENT LIST/,
  ],
  [
    'an edit that was not deployed',
    facts({ drift: new Map([['alpha-proxy-a', ['nutcracker.yml']]]) }),
    'drift',
    /other files than run: alpha-proxy-a \(nutcracker\.yml\)/,
    /edited/,
    /twemstack upgrade/,
  ],
  [
    'a member that the file has no place for',
    facts({
      containers: new Map([
        ...wellFacts(plan).containers,
        ['alpha-proxy-d', { ...wellContainer(plan, NAMED['alpha-proxy-a']), name: 'alpha-proxy-d' }],
      ]),
    }),
    'drift',
    /alpha-proxy-d is on the engine/,
    /--file/,
    /--dry-run/,
  ],
  [
    'a kernel that may refuse a fork',
    facts({ hosts: hosts({ overcommit: 0 }) }),
    'overcommit',
    /vm\.overcommit_memory is not 1/,
    /fork/,
    /sysctl/,
  ],
  [
    'what no check explains',
    facts({
      status: members({
        'alpha-shard-1-b': { redis: { ...redisView(plan, 'shard-1', false), linkUp: false } },
      }),
    }),
    'degraded',
    /alpha-shard-1-b its link to the master is down/,
    /resynchronisation/,
    /twemstack logs alpha-shard-1-b/,
  ],
];

function sentinelMasters(name: string) {
  return wellStatus(plan).members.find(({ member }) => member.name === name)?.sentinel?.masters ?? [];
}

function strange(): Partial<MemberStatus> {
  const [first, second] = sentinelMasters('alpha-sentinel-c');
  const stray = { ...first, replicas: 3, replicaPlaces: [...first.replicaPlaces, '198.18.128.66:6379'] };
  return { sentinel: { tilt: false, masters: [stray, second] } };
}

const said = (verdicts: readonly Verdict[]): string =>
  verdicts.map(({ check, what }) => `${check}: ${what}`).join('\n');

describe('verdicts', () => {
  test('of a stack that is well there are none', () => {
    assert.deepEqual(examine(facts()).verdicts, []);
    assert.equal(examine(facts()).well.length, checks().length);
  });

  for (const [title, given, check, what, why, mend] of FAULTS) {
    test(title, () => {
      const { verdicts } = examine(given);
      const found = verdicts.find((verdict) => verdict.check === check);
      assert.ok(found, said(verdicts));
      assert.match(found.what, what);
      assert.match(found.why, why);
      assert.match(found.mend.join('\n'), mend);
      // Nothing else is made of the same fault, but by what it leads to.
      const others = verdicts.filter((verdict) => verdict.check !== check && verdict.check !== 'degraded');
      const follows: Readonly<Record<string, readonly string[]>> = { 'shard-waits': ['not-running'] };
      assert.deepEqual(
        others.filter((other) => !(follows[check] ?? []).includes(other.check)),
        [],
        said(others),
      );
    });
  }

  test('every check has a fault here', () => {
    const tested = new Set(FAULTS.map(([, , check]) => check));
    assert.deepEqual(
      checks().filter(({ name }) => !tested.has(name)),
      [],
    );
  });

  test('of a host that is not reached one verdict tells, and none of each of its members', () => {
    const { verdicts } = examine(withoutHostC());
    const about = verdicts.filter(({ subjects }) => subjects.some((subject) => subject.endsWith('-c')));
    assert.deepEqual(
      about.map(({ check }) => check),
      ['away'],
    );
  });

  test('a stack on three hosts that is well has no verdict', () => {
    assert.deepEqual(examine(wellFacts(hostsPlanOf(THREE_HOSTS))).verdicts, []);
  });

  test('every file of the folder has registered its check', () => {
    const files = readdirSync(join(CHECKOUT, 'scripts/doctor/verdicts')).filter((name) => name !== 'all.ts');
    assert.equal(checks().length, files.length);
    const list = readFileSync(join(CHECKOUT, 'scripts/doctor/verdicts/all.ts'), 'utf8');
    for (const file of files) assert.match(list, new RegExp(`import './${file}';`));
  });

  test('whatever `status` calls degraded, the doctor calls wrong', () => {
    for (const [title, given] of FAULTS) {
      if (given.problems.length === 0) continue;
      const { verdicts } = examine(given);
      assert.ok(
        verdicts.some(({ severity }) => severity === 'wrong'),
        title,
      );
    }
  });

  test('a master that is busy with a script is there', () => {
    const busy = { redis: undefined, error: 'BUSY Redis is busy running a script.' };
    const { verdicts } = examine(
      facts({
        status: members({ 'alpha-shard-1-a': busy }),
        guards: guards(['alpha-shard-1-a', { lead: undefined, role: 'unknown' }]),
      }),
    );
    assert.deepEqual([...new Set(verdicts.map(({ check }) => check))], ['busy-script']);
  });

  test('a shard that has two members left of three is not told to wait, one without a promise needs one alone', () => {
    const loose = planOf('name: alpha\nvip: 198.18.0.100\ndurability: available\n');
    const given = {
      ...wellFacts(loose),
      status: wellStatus(loose, ({ name }) =>
        name.startsWith('alpha-shard-1') ? { redis: undefined, error: 'gone' } : undefined,
      ),
      guards: new Map(),
    };
    const { verdicts } = examine(given);
    assert.match(
      said(verdicts),
      /shard-waits: shard-1 has no master and waits: a promotion needs 1 of 3 members, 0 in reach/,
    );
  });
});

describe('the report', () => {
  test('what is wrong, why, and each step of what mends it', () => {
    const text = diagnosisText(
      examine(facts({ containers: container('alpha-edge-b', { status: 'paused' }) })),
      [],
    );
    assert.match(
      text,
      /^✗ alpha-edge-b is frozen\n {4}why: somebody paused it.*\n {4}do: {2}`docker unpause alpha-edge-b`\n\n/,
    );
    assert.match(text, /1 wrong; \d+ checks found nothing\n$/);
    assert.match(diagnosisText(examine(facts()), []), /^nothing is wrong: \d+ checks found nothing\n$/);
  });

  test('what it quotes from a log commands no terminal', () => {
    const lastLines = new Map([['alpha-proxy-a', ['panic: \x1b[2J']]]);
    const containers = container('alpha-proxy-a', { status: 'restarting', restarts: 4 });
    const text = diagnosisText(examine(facts({ containers, lastLines })), []);
    assert.ok(!text.includes('\x1b'));
    assert.match(text, /panic: \\x1b\[2J/);
  });

  test('a note alone is well, for machines too', () => {
    const diagnosis = examine(facts({ hosts: hosts({ overcommit: 0 }) }));
    const document = diagnosisDocument(plan, diagnosis, ['the log of x: gone']);
    assert.equal(document.well, true);
    assert.deepEqual(document.unseen, ['the log of x: gone']);
    assert.match(
      diagnosisText(diagnosis, ['the log of x: gone']),
      /^· vm\.overcommit[\s\S]*\n\? the log of x: gone\n\nnothing is wrong: .*, 1 to know\n$/,
    );
  });
});

import { planOf } from '../../support/stack-fixture.ts';
import { wellFacts } from '../../support/well-stack.ts';
import { container, type Fault, facts, members, NOW, plan, withoutHostC } from './facts-with.ts';

/** Of the machine, the engine, what is kept on them, and containers that do not run. */
export const FAULTS_AROUND: readonly Fault[] = [
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
];

/** What `npm test` is made of, in the order in which it runs: the quick and the telling first. */

interface GroupBase {
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  /** Minutes after which the group is ended and has failed. */
  readonly limitMinutes: number;
  /**
   * Group, the one in front of it, beside which it goes on: this one waits for an engine most of the time, and neither asserts how long
   * anything takes. What it prints comes when both have ended.
   */
  readonly beside?: string;
}

/** A tool that passes or fails as a whole; counts as one test. */
export interface CheckGroup extends GroupBase {
  readonly kind: 'check';
  /** Program of node_modules/.bin, and its arguments. */
  readonly command: readonly [string, ...string[]];
}

/** All `*.test.ts` below test/<name>, run by node:test. */
export interface FileGroup extends GroupBase {
  readonly kind: 'files';
  /** Test files at once. This is made for two cores; what starts whole engines runs alone. */
  readonly concurrency: number;
  /** Whether it runs real daemons, and so needs the Debian packages below. */
  readonly daemons: boolean;
}

export type Group = CheckGroup | FileGroup;

export const GROUPS: readonly Group[] = [
  { name: 'types', about: 'type check', kind: 'check', command: ['tsc', '-p', '.'], limitMinutes: 3 },
  {
    name: 'page',
    about: 'type check of the console’s page',
    kind: 'check',
    command: ['tsc', '-p', 'console/page'],
    limitMinutes: 3,
  },
  { name: 'lint', about: 'lint and format', kind: 'check', command: ['biome', 'ci', '.'], limitMinutes: 2 },
  {
    name: 'unit',
    about: 'pure code: rules, plan, rendering, protocol, synth',
    kind: 'files',
    concurrency: 2,
    daemons: false,
    limitMinutes: 10,
  },
  {
    name: 'provider',
    about: 'acceptance of the Docker provider through terraform',
    kind: 'files',
    concurrency: 1,
    daemons: true,
    limitMinutes: 15,
    beside: 'unit',
  },
  {
    name: 'integration',
    about: 'with real redis, sentinel, haproxy, keepalived, apt, Docker',
    kind: 'files',
    concurrency: 2,
    daemons: true,
    limitMinutes: 20,
  },
  {
    name: 'differential',
    about: 'the same answers as the original nutcracker',
    kind: 'files',
    concurrency: 2,
    daemons: true,
    limitMinutes: 10,
  },
  {
    name: 'apps',
    about: 'real applications: queues, caches, limiters, locks of npm, PyPI, Go, Java, Ruby, PHP',
    kind: 'files',
    concurrency: 1,
    daemons: true,
    limitMinutes: 8,
  },
  {
    name: 'browser',
    about: 'the drill report and the console in a real browser',
    kind: 'files',
    concurrency: 1,
    daemons: true,
    limitMinutes: 3,
  },
  {
    name: 'stack',
    about: 'the whole topology on a Docker engine of its own',
    kind: 'files',
    concurrency: 1,
    daemons: true,
    limitMinutes: 30,
  },
];

/** Debian packages whose programs the daemons of the tests come from. */
export const DEBIAN_PACKAGES = [
  'busybox-static',
  'chromium',
  'docker.io',
  'gpg',
  'gpg-agent',
  'haproxy',
  'iproute2',
  'iptables',
  'keepalived',
  'mmdebstrap',
  'nutcracker',
  'openssh-server',
  'openssl',
  'procps',
  'prometheus',
  'prometheus-alertmanager',
  'prometheus-redis-exporter',
  'redis-sentinel',
  'redis-server',
  'redis-tools',
  'socat',
  'strace',
  'tini',
] as const;

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadAnyTopology, loadTopology } from '../../../topology/index.ts';
import { assertRefused } from '../../support/marked-yaml.ts';
import { THREE_HOSTS } from '../../support/stack-fixture.ts';

const HEAD = 'name: alpha\nvip: 10.0.0.100\n';
const A = '{name: a, docker: "ssh://ops@10.0.0.11", address: 10.0.0.11}';
const B = '{name: b, docker: "ssh://ops@10.0.0.12", address: 10.0.0.12}';
const C = '{name: c, docker: "ssh://ops@10.0.0.13", address: 10.0.0.13}';
const THREE = `domains: [${A}, ${B}, ${C}]\n`;
const third = (rest: string): string => `${HEAD}domains: [${A}, ${B}, {name: c, ${rest}}]\n`;

type Case = readonly [title: string, marked: string, said: RegExp];

/** One mistake each: § marks where the message must point. */
const CASES: readonly Case[] = [
  ['a domain by name only', `${HEAD}domains: [${A}, ${B}, §c]`, /without a machine, and others have one/],
  ['no engine', `${HEAD}domains: [${A}, ${B}, §{name: c, address: 10.0.0.13}]`, /docker is missing/],
  ['no address', `${HEAD}domains: [${A}, ${B}, §{name: c, docker: "ssh://x"}]`, /address is missing/],
  [
    'two domains on one address',
    third('docker: "ssh://x", address: §10.0.0.11'),
    /the address of domain a already/,
  ],
  [
    'two domains on one engine',
    third('docker: §"ssh://ops@10.0.0.12", address: 10.0.0.13'),
    /the engine of domain b already/,
  ],
  ['an address that is none', third('docker: "ssh://x", address: §hostname'), /not an IPv4 address/],
  ['a loopback address', third('docker: "ssh://x", address: §127.0.0.1'), /in 127.0.0.0\/8/],
  ['a multicast address', third('docker: "ssh://x", address: §224.0.0.18'), /in 224.0.0.0\/4/],
  [
    'an engine of this machine',
    third('docker: §"unix:///var/run/docker.sock", address: 10.0.0.13'),
    /another machine/,
  ],
  [
    'a password in the URL',
    third('docker: §"ssh://ops:secret@h", address: 10.0.0.13'),
    /holds a password.*ssh:\/\/ops@h/,
  ],
  [
    'an option instead of a host',
    third('docker: §"ssh://-oProxyCommand=x", address: 10.0.0.13'),
    /another machine/,
  ],
  [
    'an option instead of a user',
    third('docker: §"ssh://-oA=x@h", address: 10.0.0.13'),
    /a user that cannot be/,
  ],
  ['a path', third('docker: §"ssh://h/var/run/docker.sock", address: 10.0.0.13'), /path behind the host/],
  ['a port too high', third('docker: §"ssh://h:70000", address: 10.0.0.13'), /port that is not from 1/],
  ['tcp without a port', third('docker: §"tcp://h", address: 10.0.0.13, certificates: ./c'), /names no port/],
  [
    'tcp without certificates',
    `${HEAD}domains: [${A}, ${B}, §{name: c, docker: "tcp://h:2376", address: 10.0.0.13}]`,
    /certificates is missing. Without TLS/,
  ],
  [
    'ssh with certificates',
    third('docker: "ssh://h", address: 10.0.0.13, certificates: §./c'),
    /for tcp:\/\/ alone/,
  ],
  [
    'a domain key that does not exist',
    third('§adress: 10.0.0.13, docker: "ssh://h"'),
    /Did you mean address/,
  ],
  ['the VIP on a host', `name: alpha\nvip: §10.0.0.12\n${THREE}`, /is the address of domain b/],
  ['a VIP that no host can have', `name: alpha\nvip: §127.0.0.9\n${THREE}`, /in 127.0.0.0\/8/],
  ['a network', `${HEAD}network: §10.0.0.0/24\n${THREE}`, /is for one engine/],
  ['a back network', `${HEAD}back_network: §10.0.9.0/24\n${THREE}`, /is for one engine/],
  ['ports below 1024', `${HEAD}ports: §80\n${THREE}`, /from 1024 to 32668/],
  ['ports that reach into the ephemeral range', `${HEAD}ports: §32700\n${THREE}`, /nearest is 32668/],
  ['an entrance that does not exist', `${HEAD}entrance: §vrp\n${THREE}`, /Did you mean vrrp/],
  ['a pool below 1024', `${HEAD}${THREE}pools: {p: {listen: §80}}`, /below 1024/],
  ['a pool in the block', `${HEAD}${THREE}pools: {p: {listen: §7050}}`, /own block of ports, 7000 to 7099/],
  ['41 shards', `${HEAD}${THREE}shards: §41`, /more than 40 shards/],
  [
    '11 pools',
    `${HEAD}${THREE}pools:\n${Array.from({ length: 11 }, (_, at) => `  p${at}: ${at === 10 ? '§' : ''}{listen: ${6000 + at}}\n`).join('')}`,
    /more than 10 pools/,
  ],
  [
    'two hosts',
    `${HEAD}domains: [${A}, ${B}]\nreplicas: 1\nsentinel: {count: §3}`,
    /needs 3 domains, there are 2: .*Add domains or/,
  ],
  [
    'nine hosts',
    `${HEAD}domains: [${Array.from({ length: 9 }, (_, at) => `${at === 8 ? '§' : ''}{name: d${at}, docker: "ssh://h${at}", address: 10.0.0.${20 + at}}`).join(', ')}]`,
    /at most 8/,
  ],
];

describe('rules of several hosts', () => {
  for (const [title, marked, said] of CASES) test(title, () => assertRefused(marked, said));

  test('several mistakes are said at once', () => {
    const loaded = loadAnyTopology(
      `name: alpha\nvip: 10.0.0.11\nnetwork: 10.0.0.0/24\nports: 1\ndomains: [${A}, ${A}, c]\n`,
      'stack.yaml',
    );
    assert.ok(!loaded.ok);
    const paths = loaded.problems.map(({ path }) => path);
    for (const path of ['vip', 'network', 'ports', 'domains[1].docker', 'domains[1].address', 'domains[2]'])
      assert.ok(paths.includes(path), `${path} is not in ${paths.join(', ')}`);
  });

  test('`network: host` says what is so anyway', () => {
    assert.ok(loadAnyTopology(`${THREE_HOSTS}network: host\n`, 'stack.yaml').ok);
  });

  test('keys of several hosts are refused where no domain has one', () => {
    for (const key of ['ports: 7000', 'entrance: vrrp']) {
      const loaded = loadAnyTopology(`${HEAD}${key}\n`, 'stack.yaml');
      assert.ok(!loaded.ok);
      assert.deepEqual(
        loaded.problems.map(({ path, rule }) => `${path} ${rule}`),
        [`${key.split(':')[0]} is for several Docker hosts, and no domain names one`],
      );
    }
  });

  test('are not reached by those who know one engine alone: they say so', () => {
    const loaded = loadTopology(`${THREE_HOSTS}ports: 7000\n`, 'stack.yaml');
    assert.ok(!loaded.ok);
    assert.deepEqual(
      loaded.problems.map(({ path }) => path),
      [0, 1, 2]
        .flatMap((at) => [`domains[${at}].docker`, `domains[${at}].address`])
        .concat('domains[2].certificates', 'ports'),
    );
    for (const { rule } of loaded.problems)
      assert.match(rule, /several Docker hosts, and this command knows a stack on one engine alone/);
  });
});

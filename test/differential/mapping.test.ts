import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { HASHES } from '../../proxy/hash/hash-kit.ts';
import { type NamedServers, startNamedServers } from '../support/named-servers.ts';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { RawClient, request } from '../support/raw-client.ts';

/** Key → server of ours and of the original: every hash, both distributions, weights, names, tags, many servers. */
const KEY_COUNT = 400;
let servers: NamedServers;
let ours: RunningProxy;
let original: RunningProxy;

interface PoolCase {
  hash: string;
  distribution: string;
  tag?: string;
  /** Weight and name of each server; a name is optional. */
  servers: readonly (readonly [weight: number, name?: string])[];
}

const equal = (count: number): PoolCase['servers'] => Array.from({ length: count }, () => [1]);
const named = (count: number): PoolCase['servers'] =>
  Array.from({ length: count }, (_, i) => [1, `server${i + 1}`]);

const SETS: readonly PoolCase['servers'][] = [
  named(2),
  [
    [1, 'a'],
    [5, 'bb'],
    [10, 'c'],
    [3, 'a-long-name:with:colons'],
  ],
];
const POOLS: readonly PoolCase[] = [
  ...Object.keys(HASHES).flatMap((hash) =>
    ['ketama', 'modula'].flatMap((distribution) => [
      ...SETS.map((set) => ({ hash, distribution, servers: set })),
      { hash, distribution, tag: '{}', servers: named(5) },
    ]),
  ),
  ...[25, 40, 47, 50].map((count) => ({ hash: 'fnv1a_64', distribution: 'ketama', servers: named(count) })),
  { hash: 'fnv1a_64', distribution: 'ketama', tag: '$$', servers: named(7) },
  {
    hash: 'murmur',
    distribution: 'ketama',
    servers: [
      [100_000, 'big'],
      [1, 'tiny'],
    ],
  },
  { hash: 'md5', distribution: 'ketama', servers: equal(1) },
  { hash: 'fnv1a_64', distribution: 'ketama', servers: named(30).map(([, name], i) => [1 + (i % 7), name]) },
];

/** Deterministic, so that a failure repeats: words, tags, empty, binary and 8-bit keys of many lengths. */
function keys(): Buffer[] {
  const list = [
    '',
    'a',
    '{',
    '{}',
    '{}x',
    'a{b}c',
    '{user}:1',
    '{user}:2',
    '}{x}',
    '{{t}}',
    '$a$b',
    'caf\u00e9',
  ];
  const result = list.map((key) => Buffer.from(key));
  for (let i = 0; result.length < KEY_COUNT; i++) {
    const noise = createHash('sha512').update(String(i)).digest();
    if (i % 3 === 0) result.push(Buffer.from(`key:${i}`));
    else if (i % 3 === 1) result.push(noise.subarray(0, i % 64));
    else result.push(Buffer.from(`prefix{${noise.toString('hex', 0, 3)}}:${i}`));
  }
  return result;
}

function conf(ports: readonly number[]): string {
  return POOLS.map((pool, i) =>
    [
      `pool${i}:`,
      `  listen: 127.0.0.1:${ports[i]}`,
      `  hash: ${pool.hash}`,
      `  distribution: ${pool.distribution}`,
      ...(pool.tag ? [`  hash_tag: "${pool.tag}"`] : []),
      '  redis: true',
      '  servers:',
      ...pool.servers.map(
        ([weight, name], n) => `   - 127.0.0.1:${servers.ports[n]}:${weight}${name ? ` ${name}` : ''}`,
      ),
      '',
    ].join('\n'),
  ).join('');
}

before(async () => {
  servers = await startNamedServers(50);
  ours = await startProxy('bun', POOLS.length, conf);
  original = await startProxy('original', POOLS.length, conf);
});

after(async () => {
  await Promise.all([ours?.stop(), original?.stop()]);
  servers?.stop();
});

async function ask(port: number, requests: Buffer): Promise<string[]> {
  const client = await RawClient.open(port);
  const text = await client.ask(requests, KEY_COUNT, 20_000);
  client.end();
  return text.split('\r\n').filter((_, i) => i % 2 === 1);
}

describe(`where keys go, ${POOLS.length} pools x ${KEY_COUNT} keys`, () => {
  const requests = Buffer.concat(keys().map((key) => request('GET', key)));
  POOLS.forEach((pool, i) => {
    const tag = pool.tag ? `, tag ${pool.tag}` : '';
    test(`${pool.hash} ${pool.distribution}, ${pool.servers.length} servers${tag}`, async () => {
      const [mine, theirs] = await Promise.all([
        ask(ours.ports[i], requests),
        ask(original.ports[i], requests),
      ]);
      assert.equal(theirs.length, KEY_COUNT);
      assert.deepEqual(mine, theirs);
    });
  });
});

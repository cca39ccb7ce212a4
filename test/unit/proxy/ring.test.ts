import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HASHES } from '../../../proxy/hash/hash-kit.ts';
import { KeyRouter } from '../../../proxy/hash/key-router.ts';
import { buildRing, KetamaRing, ketamaGroups, ketamaPoints } from '../../../proxy/hash/ring.ts';

const equal = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ index, name: `server${index + 1}`, weight: 1 }));

describe('ketama', () => {
  test("points are the original's", () => {
    assert.deepEqual(ketamaPoints('server1', 8), [3853726576, 1491449930, 639619849, 2667054752]);
  });

  test('equal weights give 160 points a server, but 156 where float32 rounds down', () => {
    const short = [];
    for (let n = 1; n <= 100; n++) {
      const groups = ketamaGroups(1, n, n);
      assert.ok(groups === 40 || groups === 39, `${n}: ${groups}`);
      if (groups === 39) short.push(n);
    }
    for (const n of [25, 47, 50, 55, 61, 71, 94, 100]) assert.ok(short.includes(n), String(n));
    assert.equal(new KetamaRing(equal(25)).pointCount, 3900);
  });

  test('a very small weight can end without any point', () => {
    assert.equal(ketamaGroups(100_000, 100_001, 2) * 4, 316);
    assert.equal(ketamaGroups(1, 100_001, 2) * 4, 0);
  });

  test('look-up finds the first point at or above the hash, and wraps', () => {
    const servers = equal(3);
    const points = servers
      .flatMap(({ index, name }) =>
        Array.from({ length: 40 }, (_, group) => ketamaPoints(name, group)).flatMap((values) =>
          values.map((value) => ({ value, index })),
        ),
      )
      .sort((a, b) => a.value - b.value);
    const ring = new KetamaRing(servers);
    const slow = (hash: number) => (points.find((point) => point.value >= hash) ?? points[0]).index;
    for (const { value } of points) {
      for (const hash of [value - 1, value, value + 1]) {
        if (hash >= 0 && hash <= 0xffffffff) assert.equal(ring.pick(hash), slow(hash));
      }
    }
    assert.equal(ring.pick(0xffffffff), slow(0xffffffff));
    assert.equal(ring.pick(0), slow(0));
  });
});

describe('other distributions', () => {
  test('modula has as many slots as weight', () => {
    const ring = buildRing('modula', [
      { index: 0, name: 'a', weight: 2 },
      { index: 1, name: 'b', weight: 3 },
    ]);
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5].map((hash) => ring.pick(hash)),
      [0, 0, 1, 1, 1, 0],
    );
  });

  test('random uses every server', () => {
    const ring = buildRing('random', equal(3));
    assert.deepEqual(new Set(Array.from({ length: 200 }, () => ring.pick(7))).size, 3);
  });
});

describe('hash tag', () => {
  const seen: string[] = [];
  const spy = (bytes: Uint8Array, from: number, to: number): number => {
    seen.push(Buffer.from(bytes.subarray(from, to)).toString());
    return 0;
  };
  const hashed = (tag: string | null, key: string): string => {
    const router = new KeyRouter(spy, 'modula', equal(2), tag === null ? null : Buffer.from(tag));
    router.route(Buffer.from(`__${key}`), 2, 2 + Buffer.byteLength(key));
    return seen.pop() ?? '';
  };

  const cases: [tag: string | null, key: string, part: string][] = [
    ['{}', 'a{b}c', 'b'],
    ['{}', 'a{}b', 'a{}b'],
    ['{}', '}{a}', 'a'],
    ['{}', '{{t}}', '{t'],
    ['{}', 'a{b', 'a{b'],
    ['$$', 'a$b$c', 'b'],
    [null, 'a{b}c', 'a{b}c'],
  ];
  for (const [tag, key, part] of cases) {
    test(`${tag ?? 'no tag'}: of ${key} it hashes ${part}`, () => assert.equal(hashed(tag, key), part));
  }

  test('an empty key hashes to 0; a single server needs no hash', () => {
    const two = new KeyRouter(HASHES.fnv1a_64, 'modula', equal(2), null);
    assert.equal(two.route(Buffer.alloc(0), 0, 0), 0);
    const one = new KeyRouter(spy, 'ketama', equal(1), null);
    assert.equal(one.route(Buffer.from('x'), 0, 1), 0);
    assert.equal(seen.length, 0);
  });
});

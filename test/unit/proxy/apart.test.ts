import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';

afterEach(closeScenes);

/* Of two servers each has one, by `distribution: modula`. */
const [ONE, TWO] = ['{t}a', '{u}b'];
const SETTINGS = ['hash_tag: "{}"', 'distribution: modula'];
const SERVERS = ['10.0.0.1:6379:1 one', '10.0.0.2:6379:1 two'];

/** Nobody but one server could do these as one: of every kind of command that names several keys. */
const TOGETHER = [
  'RENAME a b',
  'RENAMENX a b',
  'COPY a b REPLACE',
  'MSETNX a 1 b 2',
  'LCS a b',
  'LMOVE a b LEFT RIGHT',
  'RPOPLPUSH a b',
  'LMPOP 2 a b LEFT',
  'SMOVE a b x',
  'SINTER a b',
  'SINTERCARD 2 a b',
  'SUNIONSTORE a b b',
  'ZUNIONSTORE a 1 b',
  'ZDIFF 2 a b',
  'ZMPOP 2 a b MIN',
  'ZRANGESTORE a b 0 -1',
  'GEORADIUS a 0 0 1 km STORE b',
  'GEOSEARCHSTORE a b FROMLONLAT 0 0 BYRADIUS 1 km',
  'BITOP AND a b b',
  'PFCOUNT a b',
  'PFMERGE a b',
  'SORT a STORE b',
  'XREAD STREAMS a b 0 0',
  'XREADGROUP GROUP g me STREAMS a b > >',
  'EVAL return(1) 2 a b',
  'EVALSHA 0000000000000000000000000000000000000000 2 a b',
  'EVAL_RO return(1) 2 a b',
  'FCALL f 2 a b',
  'BLPOP a b 0',
  'BRPOPLPUSH a b 0',
  'BLMOVE a b LEFT RIGHT 0',
  'BLMPOP 0 2 a b LEFT',
  'BZPOPMIN a b 0',
  'BZMPOP 0 2 a b MIN',
  'WATCH a b',
];

describe('keys of two servers', () => {
  for (const line of TOGETHER) {
    test(`${line}: refused with both keys, their servers and what helps; nobody is asked`, async () => {
      const scene = await memoryScene(SETTINGS, SERVERS);
      const client = scene.client();
      const words = line.split(' ').map((word) => (word === 'a' ? ONE : word === 'b' ? TWO : word));
      client.ask(...words);
      client.ask('PING');
      scene.settle();
      assert.match(
        client.said,
        /^-ERR keys '\{.\}.' \((one|two)\) and '\{.\}.' \((one|two)\) of '\w+' live on different servers; give them a common hash tag, such as \{tag\}, or use a pool on one shard\r\n\+PONG\r\n$/,
      );
      for (const word of [ONE, TWO, '(one)', '(two)'])
        assert.ok(client.said.includes(word), `${word}: ${client.said}`);
      assert.deepEqual(
        scene.servers.map(({ log }) => log),
        [[], []],
      );
    });
  }
});

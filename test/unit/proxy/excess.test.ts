import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';

afterEach(closeScenes);

const REPEATING = ['SRANDMEMBER', 'HRANDFIELD', 'ZRANDMEMBER'];
const times = (count: number, word = 'a'): string => Array.from({ length: count }, () => word).join(' ');

/** What is far more work for a server than for whoever asks. */
const REFUSED: readonly (readonly [words: string, says: RegExp])[] = [
  ...REPEATING.flatMap((name) =>
    ['-100001', '-200000000', '-9223372036854775807'].map(
      (count) => [`${name} a ${count}`, new RegExp(`with the count ${count} is not served`)] as const,
    ),
  ),
  ['HRANDFIELD a -200000 WITHVALUES', /it draws at most 100000 elements/],
  [`SUNION ${times(11)}`, /'sunion' names the key 'a' more than 10 times/],
  [`sinterstore b ${times(11)}`, /'sinterstore' names the key 'a' more than 10 times/],
  [`ZUNIONSTORE b 11 ${times(11)}`, /more than 10 times/],
  [`ZINTER 12 b ${times(11)}`, /more than 10 times/],
  [`SINTERCARD 11 ${times(11)}`, /more than 10 times/],
  [`BITOP AND b ${times(11)}`, /more than 10 times/],
  [`XREAD STREAMS ${times(11)} ${times(11, '0')}`, /'xread' names the key 'a' more than 10 times/],
  [`XREAD COUNT 1 BLOCK 5 STREAMS ${times(11)} ${times(11, '0')}`, /more than 10 times/],
  [`XREADGROUP GROUP g c STREAMS ${times(11)} ${times(11, '0')}`, /more than 10 times/],
  [`SORT a BY nosort ${times(101, 'GET #')}`, /'sort' has at most 100 GET here/],
  [`SORT_RO a LIMIT 0 GET BY get ${times(101, 'GET #')}`, /'sort_ro' has at most 100 GET here/],
  [`PFCOUNT ${times(6)} b ${times(6)}`, /more than 10 times/],
];

const SERVED: readonly string[] = [
  ...REPEATING.flatMap((name) => [`${name} a`, `${name} a -100000`, `${name} a 200000000`, `${name} a -x`]),
  `SUNION ${times(10)}`,
  `SUNION ${Array.from({ length: 500 }, (_, i) => `{a}${i}`).join(' ')}`,
  `ZUNIONSTORE b 3 ${times(3)} WEIGHTS ${times(11, '1')}`,
  `EVAL x 11 ${times(11)}`,
  `XREAD STREAMS ${times(10)} ${times(10, '0')}`,
  `SORT a BY get ${times(100, 'GET get')} STORE get`,
];

const shortened = (words: string): string => (words.length < 60 ? words : `${words.slice(0, 60)}…`);

describe('a small request that is much work', () => {
  for (const [words, says] of REFUSED) {
    test(`${shortened(words)}: is refused in words`, async () => {
      const { client, servers, settle } = await memoryScene([]);
      const one = client();
      one.ask(...words.split(' '));
      settle();
      assert.match(one.said, says);
      assert.deepEqual(servers[0].log, []);
    });

    test(`${shortened(words)}: so is the transaction with it`, async () => {
      const { client, servers, settle } = await memoryScene([]);
      const one = client();
      for (const each of ['MULTI', words, 'EXEC']) one.ask(...each.split(' '));
      settle();
      assert.match(one.said, says);
      assert.match(one.said, /-EXECABORT/);
      assert.deepEqual(servers[0].log, []);
    });
  }

  for (const words of SERVED) {
    test(`${shortened(words)}: is served`, async () => {
      const { client, servers, settle } = await memoryScene([]);
      client().ask(...words.split(' '));
      settle();
      assert.deepEqual(servers[0].asked, [words]);
    });
  }
});

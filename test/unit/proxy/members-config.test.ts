import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../../proxy/config/nutcracker-yml.ts';
import { ConfigError } from '../../../proxy/config/pool.ts';

const file = (...lines: string[]): string =>
  ['alpha:', '  listen: 127.0.0.1:1', '  redis: true', ...lines.map((line) => `  ${line}`), ''].join('\n');
const SENTINELS = ['sentinels:', ' - 10.0.0.9:26379'];
const SERVERS = ['servers:', ' - 10.0.0.1:6379:1 one', ' - 10.0.0.3:6379:1 two'];

describe('members in nutcracker.yml', () => {
  const refused: [string, string[], RegExp][] = [
    ['no sentinels', ['members:', ' - 10.0.0.1:6379 one', ...SERVERS], /"members" needs "sentinels"/],
    ['no server', [...SENTINELS, 'members:', ' - 10.0.0.1:6379', ...SERVERS], /name of a server/],
    ['port', [...SENTINELS, 'members:', ' - 10.0.0.1:0 one', ...SERVERS], /name of a server/],
    ['unknown', [...SENTINELS, 'members:', ' - 10.0.0.1:6379 ten', ...SERVERS], /no server "ten"/],
    ['one without', [...SENTINELS, 'members:', ' - 10.0.0.1:6379 one', ...SERVERS], /"two" has none/],
    [
      'the first guess',
      [...SENTINELS, 'members:', ' - 10.0.0.1:6379 one', ' - 10.0.0.4:6379 two', ...SERVERS],
      /"10\.0\.0\.3:6379" is not among the members of "two"/,
    ],
  ];
  for (const [what, lines, reason] of refused)
    test(`${what}: refused, with the line`, () => {
      assert.throws(
        () => parseConfig(file(...lines)),
        (error) =>
          error instanceof ConfigError && reason.test(error.describe('f')) && error.position !== null,
      );
    });

  test('a file without them follows sentinels anywhere', () => {
    assert.deepEqual(parseConfig(file(...SENTINELS, ...SERVERS))[0].members, []);
  });
});

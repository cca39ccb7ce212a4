import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { commandsPage } from '../../../proxy/admin/commands-page.ts';
import { COMMANDS, commandId, lookupCommand } from '../../../proxy/protocol/command-table.ts';
import { keyPositions } from '../../../proxy/protocol/key-positions.ts';
import { RequestFrame } from '../../../proxy/protocol/request-frame.ts';
import { request } from '../../support/raw-client.ts';

describe('command table', () => {
  test('holds every command of Redis 7.0 once', () => {
    assert.equal(new Set(COMMANDS.map((command) => command.name)).size, COMMANDS.length);
    assert.equal(COMMANDS.length, 240);
  });

  test('is found in any letter case, and nothing else is', () => {
    for (const { id, name } of COMMANDS) {
      for (const spelled of [name, name.toUpperCase(), name[0].toUpperCase() + name.slice(1)]) {
        assert.equal(lookupCommand(Buffer.from(`x${spelled}x`), 1, 1 + spelled.length), id);
      }
    }
    for (const word of ['', 'gets', 'ge', 'GEORADIUS\x7fRO', 'hdel ', 'x'.repeat(1000)]) {
      assert.equal(lookupCommand(Buffer.from(word), 0, word.length), -1, word);
    }
  });
});

describe('key positions', () => {
  const keysOf = (...words: string[]): unknown => {
    const bytes = request(...words);
    const frame = new RequestFrame();
    frame.begin(0);
    frame.parse(bytes, bytes.length);
    const found = keyPositions(COMMANDS[commandId(words[0])], frame, bytes);
    return Array.isArray(found) ? found.map((i) => words[i]) : found;
  };
  const cases: [request: string, keys: string[] | string][] = [
    ['rename a b', ['a', 'b']],
    ['sinter a b c', ['a', 'b', 'c']],
    ['bitop and dest a b', ['dest', 'a', 'b']],
    ['msetnx a 1 b 2', ['a', 'b']],
    ['copy a b db 0', ['a', 'b']],
    ['eval script 2 a b arg', ['a', 'b']],
    ['eval script 0', 'none'],
    ['zinter 0 a', 'unclear'],
    ['sort abc store invalid store stillbad store def', ['abc', 'def']],
    ['sort_ro a by x get y', ['a']],
    ['eval script x a', 'unclear'],
    ['eval script 5 a b', ['a', 'b']],
    ['zunionstore dest 2 a b weights 1 2', ['dest', 'a', 'b']],
    ['zinter 2 a b', ['a', 'b']],
    ['lmpop 1 a left', ['a']],
    ['sort a by x get y store b', ['a', 'b']],
    ['sort a', ['a']],
    ['sort a by store get store limit 0 store store b', ['a', 'b']],
    ['georadiusbymember a store 2 m', ['a']],
    ['georadiusbymember a store 2 m store b', ['a', 'b']],
    ['georadius a 1 2 3 m storedist b', ['a', 'b']],
    ['xread count 2 streams a b 0 0', ['a', 'b']],
    ['xread block 0 streams a 0', ['a']],
    ['xreadgroup group block streams streams a >', ['a']],
    ['xgroup create a g $', ['a']],
    ['xgroup help', 'subcommand'],
    ['object encoding a', ['a']],
    ['object help', 'subcommand'],
    ['memory usage a', ['a']],
    ['memory doctor', 'subcommand'],
  ];
  for (const [line, keys] of cases) test(line, () => assert.deepEqual(keysOf(...line.split(' ')), keys));
});

test('docs/commands.md says what the table does', () => {
  assert.equal(readFileSync('docs/commands.md', 'utf8'), commandsPage());
});

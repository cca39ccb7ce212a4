import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { RawClient, request } from '../support/raw-client.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

/* redis_auth: the same state machine as the original's, except for PING and AUTH with a user. */
let locked: RedisServer;
let ours: RunningProxy;
let original: RunningProxy;

before(async () => {
  locked = await startRedis(['--requirepass', 'secret']);
  const pool = (name: string, port: number, extra: string): string =>
    `${name}:\n  listen: 127.0.0.1:${port}\n  redis: true\n${extra}  servers:\n  - 127.0.0.1:${locked.port}:1\n`;
  const conf = ([a, b]: readonly number[]): string =>
    pool('guarded', a, '  redis_auth: secret\n') + pool('open', b, '');
  ours = await startProxy('bun', 2, conf);
  original = await startProxy('original', 2, conf);
});

after(async () => {
  await Promise.all([ours?.stop(), original?.stop()]);
  await locked?.stop();
});

async function dialogue(port: number, lines: readonly string[]): Promise<string[]> {
  const client = await RawClient.open(port);
  const answers: string[] = [];
  for (const line of lines) answers.push(await client.ask(request(...line.split(' ')), 1));
  client.end();
  return answers;
}

describe('AUTH', () => {
  const dialogues: [pool: number, lines: string[]][] = [
    [
      0,
      ['GET a', 'MGET a b', 'AUTH wrong', 'GET a', 'AUTH secret', 'SET a 1', 'GET a', 'AUTH wrong', 'GET a'],
    ],
    [0, ['AUTH secret', 'AUTH secret', 'DEL a', 'LPUSH a x']],
    [1, ['AUTH secret', 'GET a', 'SET a 1']],
  ];
  for (const [pool, lines] of dialogues) {
    test(`${pool === 0 ? 'with' : 'without'} redis_auth: ${lines.join(', ')}`, async () => {
      const mine = await dialogue(ours.ports[pool], lines);
      const theirs = await dialogue(original.ports[pool], lines);
      // in Redis' words
      const wrongPassword = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';
      assert.deepEqual(
        mine,
        theirs.map((answer) => (answer === '-ERR invalid password\r\n' ? wrongPassword : answer)),
      );
    });
  }

  test('ours also answers PING before AUTH, and takes a user name', async () => {
    assert.deepEqual(
      await dialogue(ours.ports[0], [
        'PING',
        'HELLO 2',
        'AUTH nobody secret',
        'AUTH application secret',
        'GET nothing',
      ]),
      [
        '+PONG\r\n',
        '-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time\r\n',
        '-WRONGPASS invalid username-password pair or user is disabled.\r\n',
        '+OK\r\n',
        '$-1\r\n',
      ],
    );
  });

  test('without redis_auth the user default has any password, as in Redis, and nobody else has one', async () => {
    const wrong = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';
    const lines = ['AUTH default x', 'AUTH nobody x', 'HELLO 2 AUTH nobody x'];
    assert.deepEqual(await dialogue(ours.ports[1], lines), ['+OK\r\n', wrong, wrong]);
    const [greeting] = await dialogue(ours.ports[1], ['HELLO 2 AUTH default x']);
    assert.match(greeting, /^\*14\r\n/);
  });
});

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { snapshotOf } from '../../../proxy/admin/snapshot.ts';
import { statsDocument } from '../../../proxy/admin/stats.ts';
import { sourceOf, WrongPasswords } from '../../../proxy/core/client/wrong-passwords.ts';
import { closeScenes, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';
import { request } from '../../support/raw-client.ts';

/* Clients without the password. */
afterEach(closeScenes);

const WRONG = /^-WRONGPASS [^\r]*\r\n$/;

describe('auth_timeout', () => {
  test('who has not said the password by then is told so and closed; who has is left alone', async () => {
    const scene = await memoryScene(['redis_auth: secret', 'auth_timeout: 5000']);
    const [idle, right, asking] = [scene.client(), scene.client(), scene.client()];
    right.ask('AUTH', 'secret');
    scene.pass(4000);
    asking.ask('PING');
    scene.pass(999);
    assert.equal(idle.ended, false);
    scene.pass(2);
    const text = '-NOAUTH Authentication required within 5000 ms (auth_timeout)\r\n';
    assert.equal(idle.said, text);
    assert.equal(asking.said, `+PONG\r\n${text}`);
    assert.ok(idle.ended && asking.ended);
    scene.pass(100_000);
    right.ask('PING');
    scene.settle();
    assert.equal(right.said, '+OK\r\n+PONG\r\n');
    assert.equal(scene.pool.stats.clientConnections, 1);
  });

  test('0, the default: for ever', async () => {
    const scene = await memoryScene(['redis_auth: secret']);
    const idle = scene.client();
    scene.pass(10_000_000);
    assert.equal(idle.ended, false);
  });
});

describe('a wrong password', () => {
  for (const words of [
    ['AUTH', 'wrong'],
    ['HELLO', '3', 'AUTH', 'default', 'wrong'],
  ]) {
    test(`${words[0]}: is answered, and nothing more is looked at for a while, twice as long each time; the log says so`, async () => {
      const scene = await memoryScene(['redis_auth: secret']);
      const [one, other] = [scene.client(), scene.client()];
      for (const pause of [500, 1000, 2000, 4000, 8000, 8000]) {
        one.ask(...words);
        scene.settle();
        assert.match(one.said, WRONG);
        one.said = '';
        one.ask('PING');
        other.ask('AUTH', 'secret');
        scene.pass(pause - 1);
        assert.equal(one.said, '', `within ${pause} ms`);
        assert.equal(other.said, '+OK\r\n');
        other.said = '';
        scene.pass(2);
        assert.equal(one.said, '+PONG\r\n');
        one.said = '';
      }
      assert.deepEqual(scene.warnings, ["pool 'p': client somebody said a wrong password"]);
      one.ask('AUTH', 'secret');
      one.ask('PING');
      scene.settle();
      assert.equal(one.said, '+OK\r\n+PONG\r\n');
    });
  }

  test('ten thousand in one pipeline: one of them is looked at', async () => {
    const scene = await memoryScene(['redis_auth: secret', 'auth_timeout: 5000']);
    const one = scene.client();
    for (let i = 0; i < 10_000; i++) one.ask('AUTH', `guess${i}`);
    scene.settle();
    assert.match(one.said, WRONG);
    for (let i = 0; i < 40; i++) scene.pass(500);
    assert.ok(one.said.split('WRONGPASS').length - 1 <= 5, one.said.slice(0, 2000));
    assert.equal(one.ended, true, 'it has not said the right one in time');
    assert.equal(scene.pool.budget.used, 0);
  });
});

/**
 * Guesses over a new connection each time, `each` in every tenth of a second.
 * @returns how many were answered in each second, and how many wait for their answer at the end
 */
function guess(
  scene: MemoryScene,
  seconds: number,
  each: number,
  from: (i: number) => string,
): { answered: number[]; waiting: number } {
  const guessing: ReturnType<MemoryScene['client']>[] = [];
  const answered: number[] = [];
  const countAnswers = (): number => guessing.filter(({ said }) => said.includes('WRONGPASS')).length;
  for (let tenth = 0, i = 0; tenth < seconds * 10; tenth++) {
    for (let k = 0; k < each; k++, i++) {
      const one = scene.client();
      one.proxyEnd.remote = from(i);
      one.ask('AUTH', `guess${i}`);
      guessing.push(one);
    }
    scene.pass(100);
    if (tenth % 10 === 9) answered.push(countAnswers() - answered.reduce((sum, n) => sum + n, 0));
  }
  return { answered, waiting: guessing.filter(({ said, ended }) => said === '' && !ended).length };
}

describe('wrong passwords over many connections', () => {
  test('of one address: fewer than 20 a second are answered, and the right one at once', async () => {
    const scene = await memoryScene(['redis_auth: secret']);
    const { answered, waiting } = guess(scene, 8, 10, (i) => `10.0.0.1:${i}`);
    assert.ok(
      answered.every((count) => count > 0 && count < 20),
      answered.join(' '),
    );
    const right = scene.client();
    right.proxyEnd.remote = '10.0.0.1:9';
    right.ask('AUTH', 'secret');
    const other = scene.client();
    other.proxyEnd.remote = '10.0.0.2:9';
    other.ask('AUTH', 'wrong');
    scene.settle();
    assert.equal(right.said, '+OK\r\n');
    assert.match(other.said, WRONG, 'from elsewhere it is answered at once');
    assert.ok(waiting > 0 && waiting <= 50, `${waiting} wait, the others are closed`);
  });

  test('of many addresses: fewer than 200 a second', async () => {
    const scene = await memoryScene(['redis_auth: secret']);
    const { answered } = guess(scene, 4, 60, (i) => `10.0.${i >> 8}.${i & 255}:1`);
    assert.ok(
      answered.every((count) => count > 0 && count < 200),
      answered.join(' '),
    );
  });

  test('a delayed answer is not had earlier by not reading, and comes when its time has come', async () => {
    const scene = await memoryScene(['redis_auth: secret', 'client_unread_timeout: 1000']);
    for (let i = 0; i < 20; i++) {
      scene.client().ask('AUTH', 'wrong');
      scene.settle();
    }
    const one = scene.client();
    one.ask('AUTH', 'wrong');
    scene.settle();
    one.proxyEnd.owner?.onWritable();
    scene.pass(1500);
    assert.equal(one.said, '');
    scene.pass(1500);
    assert.match(one.said, WRONG);
    assert.equal(one.ended, false);
  });

  test('are counted in the statistics', async () => {
    const scene = await memoryScene(['redis_auth: secret']);
    guess(scene, 1, 3, (i) => `10.0.0.1:${i}`);
    assert.match(statsDocument(snapshotOf([scene.pool]), 0), /"client_wrong_passwords":30,/);
    const open = await memoryScene([]);
    assert.doesNotMatch(statsDocument(snapshotOf([open.pool]), 0), /wrong_passwords/);
  });

  test('the log tells of each address once, and once a minute how many more there were', () => {
    const lines: string[] = [];
    const say = (text: string): void => void lines.push(text);
    const passwords = new WrongPasswords(say, say, 1);
    for (let i = 0; i < 500; i++) passwords.said(`10.0.0.1:${i}`, i);
    passwords.said('10.0.0.2:5', 1);
    assert.equal(passwords.look(59_000), true);
    assert.deepEqual(lines.splice(0), [
      'client 10.0.0.1:0 said a wrong password',
      'client 10.0.0.2:5 said a wrong password',
    ]);
    passwords.look(60_500);
    assert.deepEqual(lines.splice(0), ['499 more wrong passwords from 10.0.0.1 within 61 s']);
    assert.equal(passwords.look(121_000), false, 'forgotten');
    assert.deepEqual(lines, []);
  });

  test('a hundred thousand addresses fill neither the memory nor the log', () => {
    const lines: string[] = [];
    const passwords = new WrongPasswords(
      () => {},
      (text) => void lines.push(text),
      1,
    );
    for (let i = 0; i < 100_000; i++) {
      const remote = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:1`;
      passwords.said(remote, 0);
      passwords.said(remote, 0);
    }
    passwords.look(60_000);
    assert.equal(lines.length, 12);
    assert.match(lines.join(), /9990 more wrong passwords from 9990 other addresses/);
    assert.match(lines.join(), /90000 more wrong passwords from addresses forgotten by now/);
  });

  test('an address: without its port, of IPv6 the network', () => {
    assert.equal(sourceOf('10.0.0.1:6379'), '10.0.0.1');
    assert.equal(sourceOf('::ffff:10.0.0.1:6379'), '10.0.0.1');
    assert.equal(sourceOf('2001:db8:1:2:3:4:5:6:6379'), '2001:db8:1:2::/64');
    assert.equal(sourceOf('2001:db8::6:6379'), '2001:db8:0:0::/64');
    assert.equal(sourceOf('::1:6379'), '0:0:0:0::/64');
    assert.equal(sourceOf('unix:0'), 'unix');
  });
});

describe('a request before the password', () => {
  const cases: [what: string, bytes: Buffer, error: RegExp][] = [
    [
      'of 11 elements',
      request('SET', ...Array<string>(10).fill('x')),
      /unauthenticated multibulk length, at most 10/,
    ],
    [
      'of which only the number of elements has come',
      Buffer.from('*1000000\r\n'),
      /unauthenticated multibulk length/,
    ],
    [
      'whose element is announced too large',
      Buffer.from('*2\r\n$4\r\nAUTH\r\n$16385\r\n'),
      /unauthenticated bulk length, at most 16384/,
    ],
    ['whose later element is', request('SET', 'k', 'x'.repeat(20_000)), /unauthenticated bulk length/],
    [
      'of many elements that are not',
      request('PING', ...Array<string>(9).fill('x'.repeat(15_000))),
      /unauthenticated bulk length/,
    ],
  ];
  for (const [what, bytes, error] of cases) {
    for (const piece of [bytes.length, 1000, 1]) {
      test(`${what}, in pieces of ${piece}: is refused in words, and nothing is kept`, async () => {
        const scene = await memoryScene(['redis_auth: secret']);
        const one = scene.client();
        let most = 0;
        for (let at = 0; at < bytes.length && !one.ended; at += piece) {
          one.send(bytes.subarray(at, at + piece));
          scene.settle();
          most = Math.max(most, scene.pool.budget.used);
        }
        assert.match(one.said, /^-ERR Protocol error: [^\r]*\r\n$/);
        assert.match(one.said, error);
        assert.equal(one.ended, true);
        assert.ok(most <= 64 * 1024, `${most} bytes`);
        assert.equal(scene.pool.stats.clientConnections, 0);
      });
    }
  }

  test('as large as it may be is looked at; with the password there is no such limit', async () => {
    const scene = await memoryScene(['redis_auth: secret']);
    scene.servers[0].always.set('AUTH', '+OK');
    const one = scene.client();
    one.ask('AUTH', 'secret');
    one.ask('SET', 'k', 'x'.repeat(50_000));
    one.ask('MSET', ...Array<string>(40).fill('x'));
    scene.settle();
    assert.equal(one.said, '+OK\r\n');
    assert.equal(scene.servers[0].asked.length, 2);
    const other = scene.client();
    other.ask('AUTH', 'x'.repeat(16_000));
    scene.settle();
    assert.match(other.said, WRONG);
    const open = await memoryScene([]);
    const third = open.client();
    third.ask('SET', 'k', 'x'.repeat(50_000));
    open.settle();
    assert.equal(open.servers[0].asked.length, 1);
  });
});

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';

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

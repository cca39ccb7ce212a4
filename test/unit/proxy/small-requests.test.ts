import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { RequestFrame } from '../../../proxy/protocol/request-frame.ts';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';

/* Small requests whose answer, or the work for it, is large. */
afterEach(closeScenes);

const MIB = 1024 * 1024;

describe('answers of the proxy that are larger than their requests', () => {
  test('a pipeline of them is answered as it is read: a few are kept, and none is lost', async () => {
    const scene = await memoryScene([]);
    const { client, pool, settle } = scene;
    const one = client();
    one.proxyEnd.capacity = 100_000;
    one.link.paused = true;
    one.send(Buffer.from('COMMAND\r\n'.repeat(1000)));
    let most = 0;
    for (let i = 0; i < 5; i++) {
      settle();
      most = Math.max(most, pool.budget.used);
    }
    assert.ok(most > 0 && most < 2 * MIB, `${most} bytes`);
    assert.equal(one.proxyEnd.paused, true);
    // it says that it is done, as `nc` does, long before it has read everything
    one.link.shutdown();
    one.link.paused = false;
    one.proxyEnd.capacity = Number.POSITIVE_INFINITY;
    settle();
    const [entries] = /^\*\d+\r\n/.exec(one.said) ?? [''];
    assert.ok(entries !== '');
    assert.equal(one.said.split(`${entries}*10\r\n$3\r\nacl\r\n`).length - 1, 1000);
    assert.equal(one.ended, true);
    assert.equal(pool.budget.used, 0);
  });

  test('others are served while one reads them as fast as they come', async () => {
    const scene = await memoryScene([]);
    const [one, other] = [scene.client(), scene.client()];
    one.send(Buffer.from('COMMAND\r\n'.repeat(1000)));
    other.ask('PING');
    const { loop } = scene.pool;
    let looked = false;
    // the turn in which both asked, and the one after it
    loop.nextTurn(() =>
      loop.nextTurn(() => {
        looked = true;
        assert.equal(other.said, '+PONG\r\n');
        assert.ok(one.said.length < 4 * MIB, `${one.said.length} bytes`);
      }),
    );
    scene.settle();
    assert.equal(looked, true);
  });

  test('COMMAND with more names than there are commands many times over is refused', async () => {
    const scene = await memoryScene([]);
    const one = scene.client();
    const names = Array.from({ length: 1025 }, () => 'get');
    for (const subcommand of ['INFO', 'DOCS', 'LIST']) one.ask('COMMAND', subcommand, ...names);
    one.ask('COMMAND', 'GETKEYS', 'MGET', ...Array.from({ length: 20_000 }, () => 'k'));
    one.ask('COMMAND', 'INFO', ...names.slice(1, 400));
    scene.settle();
    const refusals = one.said.split('\r\n').slice(0, 4);
    assert.deepEqual(refusals, [
      ...['INFO', 'DOCS', 'LIST'].map((name) => `-ERR COMMAND ${name} has at most 1024 arguments here`),
      '-ERR COMMAND GETKEYS has at most 16384 arguments here',
    ]);
    assert.match(one.said, /\*399\r\n\*10\r\n\$3\r\nget\r\n/);
  });

  test('so are others whose arguments are read one by one, and no server is asked', async () => {
    const scene = await memoryScene([]);
    const one = scene.client();
    const many = Array.from({ length: 16_385 }, () => 'x');
    const commands = ['FUNCTION', 'HELLO', 'INFO', 'LATENCY', 'PUBSUB', 'SCRIPT', 'SLOWLOG'];
    for (const command of commands) {
      one.said = '';
      one.ask(command, ...many);
      scene.settle();
      assert.equal(one.said, `-ERR '${command.toLowerCase()}' has at most 16384 arguments here\r\n`);
    }
    assert.deepEqual(scene.servers[0].log, []);
    one.said = '';
    one.ask('COMMAND', 'DOCS', ...Array.from({ length: 1000 }, () => 'client'));
    scene.settle();
    assert.ok(one.said.startsWith('*2\r\n$6\r\nclient\r\n'), 'described once');
  });

  test('CLIENT LIST of a thousand clients is complete, and others are served', async () => {
    const scene = await memoryScene([]);
    const all = Array.from({ length: 1000 }, () => scene.client());
    const [one, other] = all;
    one.ask('CLIENT', 'LIST');
    one.ask('PING', 'behind');
    scene.settleAtOnce();
    other.ask('PING');
    scene.settle();
    assert.equal(other.said, '+PONG\r\n');
    const [, size, lines] = /^\$(\d+)\r\n([\s\S]*)\r\n\$6\r\nbehind\r\n$/.exec(one.said) ?? [];
    assert.equal(Buffer.byteLength(lines), Number(size));
    assert.equal(lines.trimEnd().split('\n').length, 1000);
    assert.equal(new Set(lines.match(/^id=\d+/gm)).size, 1000);
  });
});

describe('what a client says of itself', () => {
  for (const [words, what] of [
    [['CLIENT', 'SETNAME'], 'Client names'],
    [['HELLO', '3', 'SETNAME'], 'Client names'],
    [['CLIENT', 'SETINFO', 'LIB-NAME'], 'lib-name'],
    [['CLIENT', 'SETINFO', 'LIB-VER'], 'lib-ver'],
  ] as const) {
    test(`${words.join(' ')}: has at most 512 bytes, and forges no line of CLIENT LIST`, async () => {
      const scene = await memoryScene([]);
      const one = scene.client();
      one.ask(...words, 'x'.repeat(513));
      one.ask(...words, 'a\nid=7');
      one.ask(...words, 'a b');
      scene.settle();
      const [long, ...forged] = one.said.split('\r\n');
      assert.equal(long, `-ERR ${what} cannot have more than 512 bytes`);
      for (const line of forged.slice(0, 2))
        assert.equal(line, `-ERR ${what} cannot contain spaces, newlines or special characters.`);
      one.said = '';
      one.ask(...words, 'x'.repeat(512));
      scene.settle();
      assert.doesNotMatch(one.said, /^-/);
    });
  }
});

test('no error is much longer than a line, whatever it quotes', async () => {
  const scene = await memoryScene([]);
  const one = scene.client();
  const long = 'x'.repeat(15_000);
  for (const words of [
    [long],
    ['GET', long, long, long],
    ['CLIENT', long],
    ['CLIENT', 'SETINFO', long, 'x'],
    ['COMMAND', long],
    ['HELLO', long],
    ['HELLO', '3', long],
    ['SELECT', '1'.repeat(15_000)],
    ['XGROUP', long],
    ['OBJECT', long, 'k'],
  ]) {
    one.said = '';
    one.ask(...words);
    scene.settle();
    if (scene.servers[0].asked.length > 0) scene.servers[0].answer('-ERR x');
    scene.settle();
    assert.ok(one.said.startsWith('-') && one.said.length < 1100, `${words[0]}: ${one.said.length}`);
  }
});

test('a request of a million elements that was only announced takes next to no memory', () => {
  const frame = new RequestFrame();
  frame.begin(0);
  const announced = Buffer.from('*1048576\r\n');
  frame.parse(announced, announced.length);
  assert.ok(frame.args.byteLength <= 1024, `${frame.args.byteLength} bytes`);
});

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { commandId } from '../../../proxy/protocol/command-table.ts';
import { closeScenes, type MemoryClient, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';
import { request } from '../../support/raw-client.ts';

afterEach(closeScenes);

/* What the proxy answers itself costs the sender next to nothing: how much of it one client gets done before others have their turn. */

const PING = commandId('ping');
const INLINE = 'PING\r\n';
/** Bytes of requests that are looked at for one client in one turn, and the last of them may end behind. */
const MOST = 32 * 1024;

const pings = ({ pool }: MemoryScene): number => pool.stats.commands[PING];

/** Gives the proxy what has come for a client, in pieces, all in one turn. */
function arrive(client: MemoryClient, bytes: Buffer, piece: number): void {
  for (let at = 0; at < bytes.length; at += piece)
    client.proxyEnd.owner?.onBytes(new Uint8Array(bytes.subarray(at, at + piece)));
}

describe('a client that sends half a megabyte of PINGs at once', () => {
  const forms: readonly (readonly [what: string, one: string])[] = [
    ['inline', INLINE],
    ['as arrays', request('PING').toString()],
    ['and blank lines', `${'\r\n'.repeat(50)}${INLINE}`],
    ['and empty requests', `${'*0\r\n'.repeat(50)}${INLINE}`],
  ];
  for (const [what, one] of forms) {
    // what Bun reads at once, a TLS record, and less than what is looked at when nothing is under way
    for (const piece of [512 * 1024, 16 * 1024, 8000, 100]) {
      test(`${what}, in pieces of ${piece}: another has its turn first, and all are answered`, async () => {
        const scene = await memoryScene([]);
        const [many, other] = [scene.client(), scene.client()];
        const count = Math.floor((512 * 1024) / one.length);
        arrive(many, Buffer.from(one.repeat(count)), piece);
        arrive(other, request('GET', 'a'), 1000);
        scene.pool.loop.flush();
        const first = pings(scene);
        assert.ok(first > 0 && first <= (MOST + 8000) / one.length + 1, `${first} of ${count}`);
        assert.equal(many.proxyEnd.paused, true);
        scene.pool.loop.flush();
        const second = pings(scene) - first;
        assert.ok(second > 0 && second <= MOST / one.length + 1, `${second} of ${count}`);
        scene.settle();
        assert.equal(many.said, '+PONG\r\n'.repeat(count));
        assert.equal(many.proxyEnd.paused, false);
        assert.deepEqual(scene.servers[0].asked, ['GET a']);
      });
    }
  }

  test('and ends its side of the connection has all of them answered', async () => {
    const scene = await memoryScene([]);
    const many = scene.client();
    arrive(many, Buffer.from(INLINE.repeat(80_000)), 512 * 1024);
    many.proxyEnd.owner?.onEnd();
    scene.settle();
    assert.equal(many.said.length, 80_000 * 7);
    assert.equal(scene.pool.clients.size, 0);
  });

  test('has all of them answered when the pool lets its clients go', async () => {
    const scene = await memoryScene([]);
    const many = scene.client();
    arrive(many, Buffer.from(INLINE.repeat(80_000)), 512 * 1024);
    scene.pool.letGo(60_000);
    scene.pool.loop.flush();
    // longer than whoever is let go has for asking again
    await new Promise((done) => setTimeout(done, 10));
    scene.settle();
    assert.equal(many.said.length, 80_000 * 7);
  });

  test('and large values gets on by one value a turn at least', async () => {
    const scene = await memoryScene([]);
    const many = scene.client();
    const value = 'x'.repeat(100_000);
    arrive(many, Buffer.concat(Array.from({ length: 20 }, () => request('ECHO', value))), 512 * 1024);
    scene.settle();
    assert.equal(many.said, `$100000\r\n${value}\r\n`.repeat(20));
  });
});

describe('a client that reads nothing', () => {
  /** Answers that nobody has taken, from where on nothing more is looked at; one turn more may be. */
  const UNREAD = 512 * 1024;

  test('is not read from any more, and what it has sent is not looked at', async () => {
    const scene = await memoryScene([]);
    const [many, other] = [scene.client(), scene.client()];
    many.proxyEnd.capacity = 0;
    arrive(many, Buffer.from(INLINE.repeat(500_000)), 512 * 1024);
    scene.settle();
    assert.ok(pings(scene) <= UNREAD / 7 + MOST / 6 + 1, String(pings(scene)));
    assert.equal(many.proxyEnd.paused, true);
    other.ask('GET', 'a');
    scene.settle();
    assert.deepEqual(scene.servers[0].asked, ['GET a']);
  });

  test('and has gone is forgotten with what it had sent', async () => {
    const scene = await memoryScene([]);
    const many = scene.client();
    many.proxyEnd.capacity = 0;
    arrive(many, Buffer.from(INLINE.repeat(500_000)), 512 * 1024);
    scene.pool.loop.flush();
    const before = pings(scene);
    many.leave();
    scene.pool.loop.flush();
    scene.settle();
    assert.ok(pings(scene) - before <= MOST / 6 + 1, `${pings(scene) - before} more`);
    assert.equal(scene.pool.clients.size, 0);
    assert.equal(scene.pool.budget.used, 0);
  });
});

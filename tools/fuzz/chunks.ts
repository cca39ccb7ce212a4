import assert from 'node:assert/strict';
import { encodeRequest } from '../../proxy/protocol/replies.ts';
import type { LinkOwner } from '../../proxy/transport/link.ts';
import type { MemoryLink } from '../../proxy/transport/memory.ts';
import { type Chance, oneOf, seeded } from '../../scripts/chance.ts';
import { mutated } from './mutate.ts';
import { FuzzScene } from './scene.ts';
import { VirtualTime } from './virtual-time.ts';

/** Bytes in the pieces that they arrive in. */
type Cut = (bytes: Buffer) => Buffer[];

const whole: Cut = (bytes) => [bytes];
const single: Cut = (bytes) => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
const splitAt =
  (at: number): Cut =>
  (bytes) => [bytes.subarray(0, at), bytes.subarray(at)];

function atRandom(chance: Chance): Cut {
  const size = 1 + chance(oneOf(chance, [4, 40, 400]));
  return (bytes) => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + 1 + chance(size));
      pieces.push(bytes.subarray(at, end));
      at = end;
    }
    return pieces;
  };
}

/** Streams up to this are split at every byte. */
const SHORT = 300;

function cutsFor(bytes: Buffer, chance: Chance): Cut[] {
  if (bytes.length > SHORT) return [single, ...Array.from({ length: 6 }, () => atRandom(chance))];
  return [single, ...Array.from({ length: Math.max(0, bytes.length - 1) }, (_, i) => splitAt(i + 1))];
}

/**
 * One stream of requests, often a damaged one, to a pool whose servers answer with a digest of what they are asked:
 * what comes back must not depend on the pieces in which the stream arrives.
 * @returns how many ways of cutting were compared
 */
export async function fuzzRequestChunks(seed: number): Promise<number> {
  const chance = seeded(seed);
  const stream = requestStream(chance);
  const scene = await FuzzScene.open(['timeout: 60000'], new VirtualTime());
  for (const redis of scene.redises) redis.digests = true;
  try {
    const expected = converse(scene, whole(stream));
    const cuts = cutsFor(stream, chance);
    for (const cut of cuts) {
      const pieces = cut(stream);
      const said = converse(scene, pieces);
      assert.deepEqual(said, expected, `requests ${show(stream)} in pieces of ${lengths(pieces)}`);
    }
    return cuts.length;
  } finally {
    scene.pool.close();
  }
}

const WORDS = ['a', '', 'key', 'x'.repeat(40), '\r\n', '*1\r\n', '{t}', '0', '-1', 'STREAMS', 'STORE'];
const NAMES = [
  'GET',
  'set',
  'MGET',
  'MSET',
  'DEL',
  'exists',
  'PING',
  'ECHO',
  'RENAME',
  'EVAL',
  'XREAD',
  'NOPE',
];

function requestStream(chance: Chance): Buffer {
  const requests: Buffer[] = [];
  for (let count = 1 + chance(5); count > 0; count--) {
    const words = Array.from({ length: chance(5) }, () => oneOf(chance, WORDS));
    // now and then one that takes the ways for large requests
    if (chance(12) === 0) words.push('y'.repeat(chance(60_000)));
    if (chance(8) === 0) requests.push(Buffer.from(`${oneOf(chance, NAMES)} a b\r\n`));
    else requests.push(encodeRequest([oneOf(chance, NAMES), ...words]));
  }
  const stream = Buffer.concat(requests);
  return chance(3) === 0 ? stream : mutated(stream, chance);
}

interface Said {
  text: string;
  closed: boolean;
}

/** A new client's whole connection: sends the pieces one by one, ends its half, reads to the end. */
function converse(scene: FuzzScene, pieces: readonly Buffer[]): Said {
  const listener = new Listener();
  const link = scene.connect(listener);
  scene.settle();
  for (const piece of pieces) {
    link.write(piece, 0, piece.length);
    scene.network.step();
  }
  scene.settle();
  const { closed } = listener;
  link.close();
  scene.settle();
  return { text: listener.text, closed };
}

class Listener implements LinkOwner {
  text = '';
  closed = false;

  onBytes(chunk: Uint8Array): void {
    this.text += Buffer.from(chunk).toString('latin1');
  }

  onWritable(): void {}

  onEnd(): void {
    this.closed = true;
  }

  onClosed(): void {
    this.closed = true;
  }
}

const REPLIES = [
  '+OK\r\n',
  '-WRONGTYPE no\r\n',
  ':42\r\n',
  '$-1\r\n',
  '*-1\r\n',
  '*0\r\n',
  '$0\r\n\r\n',
  '$5\r\na\r\nbc\r\n',
  '*2\r\n$1\r\na\r\n*1\r\n:1\r\n',
  '%1\r\n+a\r\n~1\r\n#t\r\n',
  '|1\r\n+ttl\r\n:3\r\n,1.5\r\n',
  '_\r\n',
  '=7\r\ntxt:abc\r\n',
  '(123\r\n',
];

/**
 * One stream of replies, often a damaged one, and then the end of the server's connection: what the clients are told
 * must not depend on the pieces in which it arrives.
 */
export async function fuzzReplyChunks(seed: number): Promise<number> {
  const chance = seeded(seed);
  const replies = Array.from({ length: 1 + chance(6) }, () => oneOf(chance, REPLIES));
  const right = Buffer.from(replies.join(''));
  const stream = chance(4) === 0 ? right : mutated(right, chance);
  // never more than asked for: whether the surplus comes in the same piece would make a difference
  const requests = replies.length + 8;
  const expected = await relay(requests, whole(stream));
  const cuts = cutsFor(stream, chance);
  for (const cut of cuts) {
    const pieces = cut(stream);
    assert.equal(
      await relay(requests, pieces),
      expected,
      `replies ${show(stream)} in pieces of ${lengths(pieces)}`,
    );
  }
  return cuts.length;
}

/** What a client with so many requests is told when its server says these pieces and hangs up. */
async function relay(requests: number, pieces: readonly Buffer[]): Promise<string> {
  const scene = await FuzzScene.open(['timeout: 60000'], new VirtualTime());
  for (const redis of scene.redises) redis.hanging = true;
  const listener = new Listener();
  const link = scene.connect(listener);
  const request = encodeRequest(['GET', 'key']);
  for (let i = 0; i < requests; i++) link.write(request, 0, request.length);
  scene.settle();
  const server = scene.redises.flatMap((redis) => [...redis.links])[0].link as MemoryLink;
  for (const piece of pieces) {
    server.write(piece, 0, piece.length);
    scene.network.step();
  }
  server.finish();
  scene.settle();
  scene.pool.close();
  return listener.text;
}

const show = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1').slice(0, 400));
const lengths = (pieces: readonly Buffer[]): string =>
  pieces
    .slice(0, 20)
    .map((piece) => piece.length)
    .join(' ');

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import fc from 'fast-check';
import {
  closeScenes,
  type MemoryClient,
  type MemoryScene,
  memoryScene,
  TWO,
} from '../../support/memory-scene.ts';

/* What clients that have left asked for, and the server has not been sent yet. */
afterEach(closeScenes);

const BIG = `$100000\r\n${'x'.repeat(100_000)}`;
/** Requests without a reply while nobody knows how large these are. */
const FIRST = 128;

/** `count` clients, each of which asks for a key of its own `times` times. */
function crowd(scene: MemoryScene, count: number, times: number, ...words: string[]) {
  const all = Array.from({ length: count }, () => scene.client());
  all.forEach((each, i) => {
    for (let n = 0; n < times; n++) each.ask(words[0], `${words[1]}${i}`, ...words.slice(2));
  });
  scene.settle();
  return all;
}

/** Answers all that is asked, in pieces. */
function answerAll({ servers, settle }: MemoryScene, reply: (asked: string) => string): void {
  while (servers.some(({ asked }) => asked.length > 0)) {
    for (const server of servers) server.answer(...server.asked.slice(0, 100).map(reply));
    settle();
  }
}

const value = (key: string): string => {
  const text = key.padEnd(key.startsWith('large') ? 5000 : 1, 'v');
  return `$${text.length}\r\n${text}\r\n`;
};

/** What clients ask for, with number `n`, and what that is answered. */
const KINDS = {
  read: (n: number) => [[['GET', `read${n}`]], value(`read${n}`)],
  large: (n: number) => [[['GET', `large${n}`]], value(`large${n}`)],
  write: (n: number) => [[['SET', `write${n}`, 'x'.repeat(n * 1000)]], '+OK\r\n'],
  // over both servers
  several: (n: number) => {
    const keys = [0, 1, 2, 3].map((i) => `large${n}-${i}`);
    return [[['MGET', ...keys]], `*4\r\n${keys.map(value).join('')}`];
  },
  transaction: (n: number) => [
    [['MULTI'], ['GET', `queued${n}`], ['EXEC']],
    `+OK\r\n+QUEUED\r\n*1\r\n${value('done')}`,
  ],
} as const satisfies Record<string, (n: number) => [requests: string[][], replies: string]>;
type Kind = keyof typeof KINDS;

/** @returns what it is answered */
function askOne(client: MemoryClient, kind: Kind, n: number): string {
  const [requests, replies] = KINDS[kind](n);
  for (const words of requests) client.ask(...words);
  return replies;
}

/** A server that has everything. */
function serve(asked: string): string {
  const [name, ...keys] = asked.split(' ');
  if (name === 'WAIT') return ':1';
  if (name === 'MULTI' || name === 'SET') return '+OK';
  if (name === 'EXEC') return `*1\r\n${value('done')}`.slice(0, -2);
  if (name === 'MGET') return `*${keys.length}\r\n${keys.map(value).join('')}`.slice(0, -2);
  return keys[0].startsWith('queued') ? '+QUEUED' : value(keys[0]).slice(0, -2);
}

describe('clients that have left', () => {
  test('nobody waits for what they wanted to read and was not sent yet', async () => {
    const scene = await memoryScene(['server_reply_bytes: 4000000']);
    const [server] = scene.servers;
    const gone = crowd(scene, 200, 32, 'GET', 'gone');
    const [here] = crowd(scene, 1, 1, 'GET', 'here');
    assert.equal(server.log.length, FIRST);
    for (const each of gone) each.link.close();
    scene.settle();
    answerAll(scene, (asked) => (asked === 'GET here0' ? '+hello' : BIG));
    assert.equal(here.said, '+hello\r\n');
    assert.equal(server.log.length, FIRST + 1);
    assert.equal(scene.pool.budget.used, 0);
  });

  test('what they wanted to write is written', async () => {
    const scene = await memoryScene(['server_reply_bytes: 4000000']);
    const gone = crowd(scene, 200, 32, 'SET', 'gone', 'v');
    for (const each of gone) each.link.close();
    scene.settle();
    answerAll(scene, () => '+OK');
    assert.equal(scene.servers[0].log.length, 6400);
  });

  test('those who stay get every answer, whatever is left out between', async () => {
    const program = fc.array(
      fc.record({
        kind: fc.constantFrom(...(Object.keys(KINDS) as Kind[])),
        leaves: fc.boolean(),
        times: fc.integer({ min: 1, max: 20 }),
      }),
      { minLength: 5, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(
        program,
        fc.constantFrom<string[]>([], ['wait_replicas: 1']),
        async (clients, mode) => {
          const scene = await memoryScene([...mode, 'server_reply_bytes: 20000'], TWO);
          const all = clients.map((what) => ({ ...what, client: scene.client(), expected: '' }));
          for (const each of all) {
            for (let n = 0; n < each.times; n++) each.expected += askOne(each.client, each.kind, n);
          }
          scene.settle();
          for (const each of all) if (each.leaves) each.client.link.close();
          scene.settle();
          answerAll(scene, serve);
          for (const { leaves, client, expected } of all) {
            if (!leaves) assert.equal(client.said, expected);
          }
          assert.equal(scene.pool.budget.used, 0);
          closeScenes();
        },
      ),
      { numRuns: 150 },
    );
  });
});

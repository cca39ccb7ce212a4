import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { parseConfig } from '../../../proxy/config/nutcracker-yml.ts';
import { IDLE_AFTER, MOST_LANES } from '../../../proxy/core/server/database-connections.ts';
import { ask, closeScenes, FOLLOWED, memoryScene, TWO } from '../../support/memory-scene.ts';
import { waitUntil } from '../../support/wait-until.ts';

afterEach(closeScenes);

const NEW = { kind: 'tcp', host: '10.0.0.9', port: 6379 } as const;

async function scene(
  settings: readonly string[] = [],
  addresses?: readonly string[],
  others?: readonly string[],
) {
  const made = await memoryScene(['databases: 16', ...settings], addresses, others);
  for (const server of made.servers)
    server.always.set('SELECT', '+OK').set('ROLE', '*3\r\n$6\r\nmaster\r\n:0\r\n*0').set('HELLO', '%0');
  return made;
}

describe('databases', () => {
  test('have server connections of their own, opened where they are used', async () => {
    const made = await scene([], TWO);
    const [one, other] = [made.client(), made.client()];
    assert.equal(ask(made, one, 'SELECT 3', 'SELECT 5'), '+OK\r\n+OK\r\n');
    assert.deepEqual(
      made.servers.map(({ links }) => links.length),
      [0, 0],
    );
    const home = ['a', 'b', 'c', 'd'].findIndex(
      (key) => made.pool.routing.serverFor(Buffer.from(key), 0, 1)?.index === 0,
    );
    const key = 'abcd'[home];
    ask(made, one, `SET ${key} 5`);
    ask(made, other, `SET ${key} 0`);
    assert.deepEqual(made.servers[0].log, ['SELECT 5', `SET ${key} 5`, `SET ${key} 0`]);
    assert.deepEqual(
      made.servers.map(({ links }) => links.length),
      [2, 0],
    );
  });

  test('what follows SELECT waits for what is before it, for it goes another way', async () => {
    const made = await scene();
    const one = made.client();
    assert.equal(ask(made, one, 'SET a 0', 'SELECT 1', 'SET a 1', 'SELECT 1', 'GET a'), '');
    assert.deepEqual(made.servers[0].asked, ['SET a 0']);
    made.servers[0].answer('+OK');
    made.settle();
    assert.equal(one.said, '+OK\r\n+OK\r\n');
    assert.deepEqual(made.servers[0].asked, ['SET a 1', 'GET a']);
  });

  test('one that is none of them is refused in Redis’ words, and the client stays where it is', async () => {
    const made = await scene();
    const one = made.client();
    assert.equal(
      ask(made, one, 'SELECT 2', 'SELECT 16', 'SELECT -1', 'SELECT x', 'GET a'),
      '+OK\r\n-ERR DB index is out of range\r\n-ERR DB index is out of range\r\n-ERR value is not an integer or out of range\r\n',
    );
    assert.deepEqual(made.servers[0].log, ['SELECT 2', 'GET a']);
    for (const words of ['MOVE a 16', 'COPY a b DB 16', 'SWAPDB 0 16'])
      assert.equal(ask(made, made.client(), words), '-ERR DB index is out of range\r\n');
  });

  test('RESET goes back to the first one, CLIENT INFO says where a client is', async () => {
    const made = await scene(['redis_db: 2']);
    const one = made.client();
    assert.match(ask(made, one, 'SELECT 7', 'CLIENT INFO'), / db=7 /);
    assert.match(ask(made, one, 'RESET', 'CLIENT INFO'), / db=2 /);
    ask(made, one, 'HELLO 3', 'SELECT 7', 'GET a');
    assert.deepEqual(made.servers[0].log, ['HELLO 3', 'SELECT 7', 'GET a']);
  });

  test('what waits for a master is sent to the next one, in its database', async () => {
    const made = await scene(FOLLOWED, ['10.0.0.1:6379:1 one'], ['10.0.0.9:6379']);
    const [first, next] = made.servers;
    const one = made.client();
    ask(made, one, 'SELECT 4', 'SET a 1');
    first.answer('-READONLY no more');
    made.settle();
    made.pool.servers[0].moveTo(NEW);
    made.settle();
    assert.deepEqual(next.log, ['SELECT 4', 'ROLE', 'SET a 1']);
    next.answer('+OK');
    made.settle();
    assert.equal(one.said, '+OK\r\n+OK\r\n');
  });

  test('writes are confirmed over the connection that wrote them', async () => {
    const made = await scene(['wait_replicas: 1']);
    const one = made.client();
    assert.equal(ask(made, one, 'SELECT 4', 'SET a 1'), '+OK\r\n');
    assert.deepEqual(made.servers[0].log, ['SELECT 4', 'SET a 1', 'WAIT 1 1000']);
    made.servers[0].answer('+OK', ':1');
    made.settle();
    assert.equal(one.said, '+OK\r\n+OK\r\n');
  });

  test('a script that the server lacks is brought into the database where it is called', async () => {
    const made = await scene();
    const one = made.client();
    made.pool.routing.scripts.add(Buffer.from('return 1'));
    ask(made, one, 'SELECT 4', 'EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 1 k');
    assert.deepEqual(made.servers[0].log, ['SELECT 4', 'EVAL return 1 1 k']);
  });

  test('reads of replicas too, and what these do not answer the master is asked there', async () => {
    const made = await scene(['reads: replicas'], ['10.0.0.1:6379:1 one'], ['10.0.0.2:6379']);
    const [master, replica] = made.servers;
    made.pool.servers[0].replicas?.use([{ kind: 'tcp', host: '10.0.0.2', port: 6379 }]);
    const one = made.client();
    ask(made, one, 'SELECT 4', 'GET a');
    assert.deepEqual([master.log, replica.log], [[], ['SELECT 4', 'GET a']]);
    replica.cut();
    made.settle();
    assert.deepEqual(master.log, ['SELECT 4', 'GET a']);
  });

  test('a value that is sent while it comes in, and one that is waited for, each over a connection of its own', async () => {
    const made = await scene(FOLLOWED, ['10.0.0.1:6379:1 one'], ['10.0.0.9:6379']);
    const [first, next] = made.servers;
    for (const server of made.servers) server.always.set('CLIENT', ':7');
    const one = made.client();
    ask(made, one, 'SELECT 4', `SET a ${'x'.repeat(3_000_000)}`);
    assert.deepEqual(
      first.log.map((line) => line.slice(0, 8)),
      ['SELECT 4', 'ROLE', 'SET a xx'],
    );
    first.answer('+OK');
    ask(made, one, 'BLPOP b 0');
    assert.deepEqual(first.log.slice(3), ['SELECT 4', 'ROLE', 'CLIENT ID', 'BLPOP b 0']);
    first.die();
    made.settle();
    made.pool.servers[0].moveTo(NEW);
    await waitUntil('it is asked again', () => {
      made.settle();
      return next.asked.length > 0;
    });
    assert.deepEqual(next.log, ['SELECT 4', 'ROLE', 'CLIENT ID', 'BLPOP b 0']);
  });

  test('SELECT inside a transaction leaves the shared connection where it was', async () => {
    const made = await scene();
    const one = made.client();
    ask(made, one, 'MULTI', 'SET a 0', 'SELECT 3', 'SET a 3', 'SELECT 99', 'GET a', 'EXEC', 'GET a');
    const { asked, log } = made.servers[0];
    assert.deepEqual(log, ['MULTI', 'SET a 0', 'SELECT 3', 'SET a 3', 'GET a', 'SELECT 0', 'EXEC']);
    one.said = '';
    made.servers[0].always.delete('SELECT');
    assert.equal(asked.length, 5);
    made.servers[0].answer(
      '+OK',
      '+QUEUED',
      '+QUEUED',
      '+QUEUED',
      '*5\r\n+OK\r\n+OK\r\n+OK\r\n$1\r\n3\r\n+OK',
    );
    made.settle();
    assert.equal(one.said, '*5\r\n+OK\r\n+OK\r\n+OK\r\n-ERR DB index is out of range\r\n$1\r\n3\r\n');
    assert.equal(log.at(-1), 'SELECT 3');
  });

  test('WATCH in one, and in another: the same connection watches both', async () => {
    const made = await scene();
    const one = made.client();
    ask(made, one, 'WATCH a');
    made.servers[0].answer('+OK');
    ask(made, one, 'SELECT 3', 'WATCH b');
    made.servers[0].answer('+OK');
    made.settle();
    ask(made, one, 'MULTI', 'SET b 1', 'EXEC');
    assert.deepEqual(made.servers[0].log, [
      ...['WATCH a', 'SELECT 3', 'WATCH b', 'SELECT 0'],
      ...['MULTI', 'SELECT 3', 'SET b 1', 'SELECT 0', 'EXEC'],
    ]);
    assert.equal(made.servers[0].links.length, 1);
  });

  test('FLUSHALL empties those of the pool on each server as one, and nothing else', async () => {
    const made = await memoryScene(['databases: 2'], TWO);
    const one = made.client();
    ask(made, one, 'FLUSHALL');
    const all = ['MULTI', 'SELECT 0', 'FLUSHDB ASYNC', 'SELECT 1', 'FLUSHDB ASYNC', 'SELECT 0', 'EXEC'];
    for (const { log } of made.servers) assert.deepEqual(log, all);
    for (const server of made.servers)
      server.answer(
        '+OK',
        ...Array.from({ length: 5 }, () => '+QUEUED'),
        '*5\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK',
      );
    made.settle();
    assert.equal(one.said, '+OK\r\n');
  });

  test('FLUSHALL whose databases a server refuses to empty is refused, and not OK', async () => {
    const made = await memoryScene(['databases: 2'], TWO);
    const one = made.client();
    const refused = '*5\r\n+OK\r\n-ERR syntax error\r\n+OK\r\n-ERR syntax error\r\n+OK';
    const queued = Array.from({ length: 5 }, () => '+QUEUED');
    ask(made, one, 'FLUSHALL NOSUCH');
    for (const server of made.servers) server.answer('+OK', ...queued, refused);
    made.settle();
    assert.equal(one.said, '-ERR syntax error\r\n');
    ask(made, one, 'FLUSHALL');
    const [first, second] = made.servers;
    first.answer('+OK', ...queued, '*5\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK');
    second.answer('+OK', ...queued, '*5\r\n+OK\r\n+OK\r\n+OK\r\n-NOPERM no\r\n+OK');
    made.settle();
    assert.equal(one.said, "-ERR 'flushall' was not done by 'two' (NOPERM no); done by 'one'\r\n");
  });

  test('SWAPDB is refused by several servers, and where dangerous commands are', async () => {
    const made = await scene([], TWO);
    assert.match(
      ask(made, made.client(), 'SWAPDB 0 1'),
      /^-ERR 'swapdb' is not served: .* use a pool on one shard\r\n$/,
    );
    const strict = await scene(['dangerous: refuse']);
    assert.match(ask(strict, strict.client(), 'SWAPDB 0 1'), /^-ERR 'swapdb' is refused in this pool/);
  });

  test('a server that has fewer is an error to who asks for those, and ejects nobody', async () => {
    const made = await scene(['auto_eject_hosts: true', 'server_failure_limit: 1']);
    made.servers[0].always.set('SELECT', '-ERR DB index is out of range');
    const [one, other] = [made.client(), made.client()];
    const said = ask(made, one, 'SELECT 9', 'SET a 1', 'GET a');
    const error = "-ERR server 'one' has no db 9: ERR DB index is out of range\r\n";
    assert.equal(said, `+OK\r\n${error}${error}`);
    assert.equal(made.pool.servers[0].live, true);
    ask(made, other, 'GET a');
    made.servers[0].answer('$1\r\nx');
    made.settle();
    assert.equal(other.said, '$1\r\nx\r\n');
  });

  test('connections that nobody uses are closed, and a client that tries all databases has few at a time', async () => {
    const made = await memoryScene(['databases: 256']);
    const [server] = made.servers;
    server.always.set('SELECT', '+OK').set('GET', '$-1');
    const one = made.client();
    for (let database = 0; database < 256; database++) ask(made, one, `SELECT ${database}`, 'GET a');
    assert.equal(server.links.length, MOST_LANES + 1);
    made.pass(IDLE_AFTER - 1);
    assert.equal(made.pool.servers[0].all.length, MOST_LANES + 1);
    made.pool.servers[0].closeIdle(made.pool.loop.now() + 1);
    made.settle();
    assert.equal(server.links.length, 1);
    assert.equal(ask(made, one, 'GET a'), '$-1\r\n');
    assert.equal(server.links.length, 2);
  });
});

describe('databases in nutcracker.yml', () => {
  const parse = (...lines: string[]): unknown =>
    parseConfig(
      `p:\n  listen: 127.0.0.1:1\n  redis: true\n${lines.map((line) => `  ${line}\n`).join('')}  servers:\n  - 127.0.0.1:2:1\n`,
    );

  test('are 1 to 256, and redis_db is one of them', () => {
    assert.throws(() => parse('databases: 0'), /"databases": "0" must be from 1 to 256/);
    assert.throws(() => parse('databases: 257'), /must be from 1 to 256/);
    assert.throws(
      () => parse('databases: 4', 'redis_db: 4'),
      /"databases" 4 are those up to 3, and "redis_db" is 4/,
    );
    parse('databases: 4', 'redis_db: 3');
  });
});

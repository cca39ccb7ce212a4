import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { metricsDocument } from '../../../proxy/admin/metrics.ts';
import { snapshotOf } from '../../../proxy/admin/snapshot.ts';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';

afterEach(closeScenes);

describe('redis_db', () => {
  test('is selected before the first request, after AUTH', async () => {
    const { client, servers, settle } = await memoryScene(['redis_db: 3', 'server_password: secret']);
    servers[0].always.set('AUTH', '+OK').set('SELECT', '+OK');
    client().ask('GET', 'k');
    settle();
    assert.deepEqual(servers[0].log, ['AUTH secret', 'SELECT 3', 'GET k']);
  });

  test('a failed SELECT is an error to the client, never db 0', async () => {
    const { client, servers, settle, warnings } = await memoryScene(['redis_db: 99']);
    servers[0].always.set('SELECT', '-ERR DB index is out of range');
    const one = client();
    one.ask('SET', 'k', 'v');
    settle();
    assert.deepEqual(servers[0].asked, []);
    assert.match(one.said, /^-ERR server 'one' has no db 99: ERR DB index is out of range\r\n$/);
    assert.equal(warnings.length, 1);
  });
});

describe('connections', () => {
  test('server_connections: requests take turns among so many, and no more are made', async () => {
    const { client, servers, settle } = await memoryScene(['server_connections: 3']);
    const one = client();
    for (let i = 0; i < 9; i++) one.ask('GET', `k${i}`);
    settle();
    assert.equal(servers[0].links.length, 3);
    assert.equal(servers[0].asked.length, 9);
  });

  test('preconnect opens one before anybody asks', async () => {
    const { pool, servers, settle } = await memoryScene(['preconnect: true']);
    settle();
    assert.equal(servers[0].links.length, 0);
    for (const server of pool.servers) server.preconnect();
    settle();
    assert.equal(servers[0].links.length, 1);
  });

  test('client_connections: one more is told so and closed, the others stay', async () => {
    const { client, servers, settle } = await memoryScene(['client_connections: 2']);
    const [one, , third] = [client(), client(), client()];
    settle();
    assert.match(third.said, /^-ERR max number of clients reached: client_connections is 2\r\n$/);
    assert.equal(third.ended, true);
    one.ask('GET', 'k');
    settle();
    assert.deepEqual(servers[0].asked, ['GET k']);
  });
});

describe('what operators see', () => {
  test('a request that takes as long as the limit is in the slow log, a quick one is not', async () => {
    const { client, servers, settle, pass, slow } = await memoryScene([]);
    client().ask('GET', 'k');
    settle();
    pass(99);
    servers[0].answer('$-1');
    settle();
    client().ask('HGETALL', 'h');
    pass(100);
    servers[0].answer('*0');
    settle();
    assert.deepEqual(slow, ['hgetall 100 one']);
  });

  test('/metrics counts requests, replies, bytes, commands, latency and who waits', async () => {
    const { client, servers, settle, pass, pool } = await memoryScene([]);
    const one = client();
    one.ask('GET', 'k');
    one.ask('GET', 'k');
    one.ask('NOPE');
    pass(3);
    servers[0].answer('$1\r\nv');
    settle();
    const document = metricsDocument(snapshotOf([pool]), 5000);
    const value = (name: string): number =>
      Number(
        document
          .split('\n')
          .find((l) => l.startsWith(`${name} `))
          ?.split(' ')
          .at(-1),
      );
    const labels = '{pool="p",server="one"}';
    assert.equal(value('nutcracker_start_time_seconds'), 5);
    assert.equal(value('nutcracker_clients{pool="p"}'), 1);
    assert.equal(value(`nutcracker_requests_total${labels}`), 2);
    assert.equal(value(`nutcracker_request_bytes_total${labels}`), 40);
    assert.equal(value(`nutcracker_responses_total${labels}`), 1);
    assert.equal(value(`nutcracker_response_bytes_total${labels}`), 7);
    assert.equal(value(`nutcracker_requests_unanswered${labels}`), 1);
    assert.equal(value(`nutcracker_server_connections${labels}`), 1);
    assert.equal(value(`nutcracker_server_up${labels}`), 1);
    assert.equal(value('nutcracker_commands_total{pool="p",command="get"}'), 2);
    assert.equal(value(`nutcracker_latency_seconds_sum${labels}`), 0.003);
    assert.equal(value('nutcracker_latency_seconds_bucket{pool="p",server="one",le="+Inf"}'), 1);
    assert.equal(value('nutcracker_latency_seconds_bucket{pool="p",server="one",le="0.002048"}'), 0);
    assert.equal(value('nutcracker_latency_seconds_bucket{pool="p",server="one",le="0.004096"}'), 1);
  });
});

describe("a server's errors", () => {
  const TWO = ['10.0.0.1:6379:1 one', '10.0.0.2:6379:1 two'];
  const EJECTS = ['auto_eject_hosts: true', 'server_failure_limit: 2', 'server_retry_timeout: 600000'];

  for (const error of [
    "-OOM command not allowed when used memory > 'maxmemory'.",
    '-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
    '-LOADING Redis is loading the dataset in memory',
    '-MASTERDOWN Link with MASTER is down',
    '-NOREPLICAS Not enough good replicas to write.',
    '-MISCONF Redis is configured to save RDB snapshots',
    "-READONLY You can't write against a read only replica.",
    '-CLUSTERDOWN The cluster is down',
    '-MYSCRIPT has its own code',
    '-lower',
  ]) {
    test(`${error}: reaches the client, in its turn, over a connection that lives on`, async () => {
      const { client, servers, settle } = await memoryScene([]);
      const one = client();
      for (const words of ['GET a', 'SET a 1', 'GET b']) one.ask(...words.split(' '));
      settle();
      servers[0].answer('$1\r\n1', error, '$1\r\n2');
      settle();
      assert.equal(one.said, `$1\r\n1\r\n${error}\r\n$1\r\n2\r\n`);
      assert.equal(servers[0].links.length, 1);
    });
  }

  for (const [error, ejected] of [
    ['-OOM command not allowed', false],
    ['-BUSY Redis is busy', false],
    ['-LOADING Redis is loading', true],
  ] as const) {
    test(`${error}: the server is ${ejected ? '' : 'not '}ejected after two of them`, async () => {
      const { client, servers, settle } = await memoryScene(EJECTS, TWO);
      const one = client();
      for (let i = 0; i < 3; i++) {
        one.ask('SET', 'name', '1');
        settle();
        for (const server of servers) if (server.asked.length > 0) server.answer(error);
        settle();
      }
      assert.equal(one.said, `${error}\r\n`.repeat(3));
      assert.equal(servers.filter((server) => server.log.length > 0).length, ejected ? 2 : 1);
    });
  }

  test('said unasked, as a server that is full or protected does, are in the words for whoever waits', async () => {
    const { client, servers, settle } = await memoryScene(['server_password: secret']);
    servers[0].always.set('AUTH', '+OK\r\n-DENIED Redis is running in protected mode');
    const one = client();
    one.ask('GET', 'a');
    settle();
    assert.match(one.said, /^-ERR server 'one' closed the connection: DENIED Redis is running in protected/);
  });
});

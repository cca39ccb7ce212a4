import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { accessSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* Redis' own tools, and the handshake of a client that no registry here has. */
let servers: RedisServer[];
let proxy: RunningProxy;
let port: string;

before(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
  proxy = await startProxy('bun', 1, poolOf(...servers));
  port = String(proxy.ports[0]);
});

after(async () => {
  await proxy?.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

const LIMIT = { timeout: 60_000 } as const;

describe('redis-cli', () => {
  test('typed into at a terminal: it connects, hints at the arguments, shows answers and errors', async () => {
    const terminal = spawn('script', ['-qfc', `stty cols 120; redis-cli -p ${port}`, '/dev/null']);
    let shown = '';
    terminal.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
    });
    /** Types and waits for what must appear then; the next prompt must be there before the next line is typed. */
    const type = async (text: string, appears: RegExp): Promise<void> => {
      shown = '';
      terminal.stdin.write(text);
      await waitUntil(`${appears} after ${text}`, () => appears.test(shown)).catch((error) => {
        throw new Error(`${(error as Error).message}, shown: ${shown}`);
      });
    };
    const prompt = `127.0.0.1:${port}> `;
    try {
      await type('', new RegExp(prompt));
      await type('set ', /key value \[NX\|XX\]/);
      await type('cli 1\r', new RegExp(`\nOK\r\n${prompt}`));
      const inside = `127.0.0.1:${port}\\(TX\\)> `;
      await type('multi\r', new RegExp(`\nOK\r\n${inside}`));
      await type('get cli\r', new RegExp(`\nQUEUED\r\n${inside}`));
      await type('exec\r', new RegExp(`\n1\\) "1"\r\n${prompt}`));
      await type('get cli\r', new RegExp(`\n"1"\r\n${prompt}`));
    } finally {
      terminal.stdin.end('quit\r');
      terminal.kill();
    }
  });

  test('HELLO 3 at its command line', async () => {
    const { stdout } = await execa('redis-cli', ['-3', '-p', port, 'HGETALL', 'nothing'], LIMIT);
    assert.equal(stdout, '');
    const ping = await execa('redis-cli', ['-3', '-p', port, 'PING', 'x'], LIMIT);
    assert.equal(ping.stdout, 'x');
  });

  test('--pipe: 50,000 writes, all answered', async () => {
    const input = Buffer.concat(
      Array.from({ length: 50_000 }, (_, i) => request('SET', `pipe:${i}`, `${i}`)),
    );
    const { stdout } = await execa('redis-cli', ['-p', port, '--pipe'], { ...LIMIT, input });
    assert.match(stdout, /errors: 0, replies: 50000/);
    const sizes = await Promise.all(servers.map((server) => server.client.dbsize()));
    assert.ok(sizes.every((size) => size > 0) && sizes[0] + sizes[1] >= 50_000, String(sizes));
  });
});

test('redis-benchmark runs its own tests', async () => {
  const tests = 'ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange_100,mset';
  const args = ['-p', port, '-n', '2000', '-c', '20', '-P', '4', '-r', '1000', '-q', '-t', tests];
  const { stdout, stderr } = await execa('redis-benchmark', args, LIMIT);
  assert.doesNotMatch(stdout + stderr, /error/i);
  const results = stdout.match(/requests per second/g) ?? [];
  assert.ok(results.length >= 15, stdout);
});

/** Whether a program is in PATH. */
function installed(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program));
      return true;
    } catch {
      return false;
    }
  });
}

if (installed('memtier_benchmark')) {
  test('memtier_benchmark', async () => {
    const args = [
      '-p',
      port,
      '-P',
      'redis',
      '-t',
      '2',
      '-c',
      '10',
      '-n',
      '1000',
      '--pipeline',
      '4',
      '--hide-histogram',
    ];
    const { stdout, stderr } = await execa('memtier_benchmark', args, LIMIT);
    assert.doesNotMatch(stdout + stderr, /error/i);
    assert.match(stdout, /Totals +[1-9]/);
  });
} else {
  test('memtier_benchmark: NOT RUN, it is not installed and Debian 12 does not have it', () => undefined);
}

describe("StackExchange.Redis' handshake, as its source sends it", () => {
  // the tracer is a GUID in binary, whose answer must be the same to the byte
  const guid = Buffer.from('00ff0d0a24250d0a2a310d0a7f80e2ac', 'hex').toString('latin1');
  const requests: [words: string[], answer: RegExp][] = [
    [['HELLO', '3', 'SETNAME', 'web-1'], /^%7\r\n[\s\S]*\$5\r\nproto\r\n:3\r\n/],
    [['CLIENT', 'SETNAME', 'web-1'], /^\+OK\r\n$/],
    [['CLIENT', 'SETINFO', 'lib-name', 'SE.Redis'], /^\+OK\r\n$/],
    [['CLIENT', 'SETINFO', 'lib-ver', '2.8.16'], /^\+OK\r\n$/],
    [['CLIENT', 'ID'], /^:\d+\r\n$/],
    [['CONFIG', 'GET', 'timeout'], /^%1\r\n\$7\r\ntimeout\r\n\$1\r\n0\r\n$/],
    [['CONFIG', 'GET', 'replica-read-only'], /^%1\r\n\$17\r\nreplica-read-only\r\n\$3\r\nyes\r\n$/],
    [['CONFIG', 'GET', 'databases'], /^%1\r\n\$9\r\ndatabases\r\n\$1\r\n1\r\n$/],
    [['SENTINEL', 'MASTERS'], /^-ERR unknown command 'SENTINEL'/],
    [['INFO', 'replication'], /^=\d+\r\ntxt:[\s\S]*role:master\r\n/],
    [['INFO', 'server'], /^=\d+\r\ntxt:[\s\S]*redis_version:7[\s\S]*redis_mode:standalone\r\n/],
    [['CLUSTER', 'NODES'], /^-ERR This instance has cluster support disabled/],
    [['GET', '__Booksleeve_TieBreak'], /^_\r\n$/],
    [['ECHO', guid], /^\$16\r\n/],
  ];

  test('one by one: every request has its answer, and the connection lives', async () => {
    const client = await RawClient.open(proxy.ports[0]);
    for (const [words, answer] of requests) assert.match(await client.ask(request(...words)), answer);
    assert.equal(
      await client.ask(request('SUBSCRIBE', '__Booksleeve_MasterChanged')),
      '>3\r\n$9\r\nsubscribe\r\n$26\r\n__Booksleeve_MasterChanged\r\n:1\r\n',
    );
    assert.equal(await client.ask(request('PING')), '+PONG\r\n');
    client.end();
  });

  test('in one write, as it comes: as many answers, the tracer last', async () => {
    const client = await RawClient.open(proxy.ports[0]);
    const answers = await client.ask(
      Buffer.concat(requests.map(([words]) => request(...words))),
      requests.length,
    );
    assert.ok(answers.endsWith(`$16\r\n${guid}\r\n`));
    client.end();
  });
});

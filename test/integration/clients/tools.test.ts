import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { accessSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { freePorts } from '../../../scripts/loopback-ports.ts';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { spawnDaemon } from '../../support/spawn-daemon.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* Redis' own tools, and the handshake of a client that no registry here has. */
let servers: RedisServer[];
let proxy: RunningProxy;
let port: string;

before(async () => {
  // redis-cli --hotkeys asks for frequencies
  const settings = ['--maxmemory-policy', 'allkeys-lfu'];
  servers = await Promise.all([startRedis(settings), startRedis(settings)]);
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

describe("redis-cli's modes that look at a whole server", () => {
  const cli = async (...args: string[]): Promise<string> =>
    (await execa('redis-cli', ['-p', port, ...args], LIMIT)).stdout;

  before(async () => {
    const lines = Array.from({ length: 300 }, (_, i) => request('SET', `mode:${i}`, 'x'.repeat(i + 1)));
    const input = Buffer.concat([...lines, request('RPUSH', 'mode:list', ...'abcdefghij')]);
    await execa('redis-cli', ['-p', port, '--pipe'], { ...LIMIT, input });
  });

  /** Runs what never ends by itself until it has shown something. */
  const until = async (args: readonly string[], shown: RegExp): Promise<void> => {
    const program = spawn('redis-cli', ['-p', port, ...args]);
    let output = '';
    for (const stream of [program.stdout, program.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    try {
      await waitUntil(String(shown), () => shown.test(output), { withinMs: 20_000 }).catch((error) => {
        throw new Error(`${(error as Error).message}, shown: ${output}`);
      });
      assert.doesNotMatch(output, /error/i);
    } finally {
      program.kill();
    }
  };

  test('--scan names every key of every shard once', async () => {
    const keys = (await cli('--scan', '--pattern', 'mode:*')).split('\n');
    assert.equal(keys.length, 301);
    assert.equal(new Set(keys).size, 301);
  });

  test('--bigkeys, --memkeys and --hotkeys have looked at all of them', async () => {
    const all = servers.map(({ client }) => client.dbsize());
    const size = (await Promise.all(all)).reduce((sum, each) => sum + each, 0);
    const big = await cli('--bigkeys');
    assert.match(big, new RegExp(`Sampled ${size} keys in the keyspace!`));
    assert.match(big, /Biggest string found '"mode:299"' has 300 bytes/);
    assert.match(big, /Biggest\s+list found '"mode:list"' has 10 items/);
    assert.match(await cli('--memkeys'), new RegExp(`Sampled ${size} keys in the keyspace!`));
    assert.match(await cli('--hotkeys'), new RegExp(`Sampled ${size} keys in the keyspace!`));
  });

  test('--stat counts the keys of all shards', async () => {
    await until(['--stat', '-i', '0.1'], /keys +mem +clients[\s\S]*\n\d{3,} +[\d.]+[KMG]/);
  });

  test('--latency and --latency-history', async () => {
    await until(['--latency', '-i', '1'], /^[\d.]+ [\d.]+ [\d.]+ [1-9]\d*/m);
    await until(['--latency-history', '-i', '1'], /^[\d.]+ [\d.]+ [\d.]+ [1-9]\d*/m);
  });

  for (const mode of ['--rdb', '--functions-rdb']) {
    test(`${mode} is refused in words`, async () => {
      const { exitCode, all } = await execa('redis-cli', ['-p', port, mode, '/dev/null'], {
        ...LIMIT,
        all: true,
        reject: false,
      });
      assert.notEqual(exitCode, 0);
      assert.match(
        all ?? '',
        /'(sync|replconf)' is not served: it administers one server: connect to that server/,
      );
    });
  }

  test('monitor is refused in words', async () => {
    assert.match(await cli('monitor'), /'monitor' is not served: it administers one server/);
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

if (installed('prometheus-redis-exporter')) {
  test('prometheus-redis-exporter: the pool is up, and nothing it asks is an error', async () => {
    const [exporterPort] = await freePorts(1);
    const listen = `127.0.0.1:${exporterPort}`;
    const args = [
      '-redis.addr',
      `redis://127.0.0.1:${port}`,
      '-web.listen-address',
      listen,
      '-check-keys',
      'mode:*',
    ];
    const exporter = await spawnDaemon('prometheus-redis-exporter', args, {
      ready: async () => (await fetch(`http://${listen}/health`)).ok,
    });
    try {
      const metrics = await (await fetch(`http://${listen}/metrics`)).text();
      assert.match(metrics, /^redis_up 1$/m);
      assert.match(metrics, /^redis_exporter_last_scrape_error\{err=""\} 0$/m);
      assert.match(metrics, /^redis_connected_clients [1-9]/m);
      assert.match(metrics, /^redis_db_keys\{db="db0"\} \d{3,}$/m);
      assert.match(metrics, /^redis_memory_used_bytes [1-9]/m);
      assert.doesNotMatch(exporter.output(), /level=(error|warning)/i);
    } finally {
      await exporter.stop();
    }
  });
} else {
  test('prometheus-redis-exporter: NOT RUN, it is not installed', () => undefined);
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

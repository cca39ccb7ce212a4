import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { parseInfo } from '../../../scripts/observe/redis-call.ts';
import { containerOptions } from '../../../topology/container-options.ts';
import { redisMemory } from '../../../topology/redis-memory.ts';
import type { RedisMember } from '../../../topology/types.ts';
import { MemoryCgroup } from '../../support/memory-cgroup.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { request } from '../../support/raw-client.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

const MIB = 1024 * 1024;

/** A shard with the settings and under the memory limits of the default stack. No client gets a redis killed. */
describe('redis within the memory of its container', { timeout: 300_000 }, () => {
  let tier: NativeTier;
  let master: RedisMember;
  const groups = new Map<string, MemoryCgroup>();
  const sockets: Socket[] = [];

  before(async () => {
    // A busy machine is no reason for a failover here.
    tier = await NativeTier.started('sentinel: { down_after: 30s }\n');
    master = await tier.settled(2);
    for (const member of tier.redises) {
      const name = `twemstack-test-${process.pid}-${member.domain}`;
      const group = MemoryCgroup.create(name, containerOptions(tier.plan, member).memoryMb);
      groups.set(member.name, group);
      group.add(tier.daemon(member).pid);
    }
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await tier?.close();
    for (const group of groups.values()) await group.remove();
  });

  const { requestMb, replicaOutputMb } = redisMemory({ maxmemoryMb: 64, replBacklogMb: 16 });

  /** A client that does not read, unless it is asked what came. */
  const open = async (): Promise<Socket> => {
    const socket = connect(master.port, master.address);
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.write(request('AUTH', 'operator', TEST_CREDENTIALS.operator));
    await waitUntil('the login', () => String(socket.read() ?? '').includes('OK'));
    return socket;
  };

  /** Sends a request and waits for the beginning of its answer, or the end of the connection. */
  const ask = async (socket: Socket, ...words: Array<string | Buffer>): Promise<string> => {
    socket.write(Buffer.concat(words.length > 0 ? [encode(words)] : []));
    let said = '';
    await waitUntil(
      'an answer',
      () => {
        said += String(socket.read() ?? '');
        return said.includes('\r\n') || socket.destroyed || socket.readableEnded;
      },
      { withinMs: 30_000, everyMs: 1 },
    );
    return said;
  };

  const info = async (member: RedisMember, section: string): Promise<string> =>
    String(await tier.call(member, 'operator', 'INFO', section));

  const assertAlive = async (): Promise<void> => {
    for (const member of tier.redises) {
      assert.equal(groups.get(member.name)?.kills, 0, `${member.name}: killed by the kernel`);
      assert.equal(tier.daemon(member).ended(), undefined, `${member.name} ended`);
    }
    assert.equal(await tier.roleOf(master), 'master', 'and no failover');
    assert.equal(await tier.call(master, 'operator', 'SET', 'alive', 'yes'), 'OK');
  };

  test(`the largest value of ${requestMb} MB is written and read; one byte more is refused`, async () => {
    const client = await open();
    const largest = Buffer.alloc(requestMb * MIB, 'x');
    assert.equal(await ask(client, 'SET', 'largest', largest), '+OK\r\n');
    assert.equal(await ask(client, 'STRLEN', 'largest'), `:${largest.length}\r\n`);
    assert.match(await ask(client, 'GET', 'largest'), new RegExp(`^\\$${largest.length}\\r\\n`));
    const other = await open();
    other.write(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${largest.length + 1}\r\n`);
    assert.match(await ask(other), /invalid bulk length/);
    assert.equal(await tier.call(master, 'operator', 'DEL', 'largest'), 1);
    await assertAlive();
  });

  test('replies that nobody reads: 2500 GETs of 100 KB, MGET of 300 MB, and many such clients', async () => {
    await tier.call(master, 'operator', 'SET', 'k', 'x'.repeat(100_000));
    await tier.call(master, 'operator', 'SET', 'm', 'x'.repeat(MIB));
    const pipeline = Buffer.concat(Array.from({ length: 2500 }, () => request('GET', 'k')));
    const wide = request('MGET', ...Array.from({ length: 300 }, () => 'm'));
    const below = request('MGET', ...Array.from({ length: requestMb }, () => 'm'));
    const clients = await Promise.all(Array.from({ length: 12 }, open));
    for (const [index, client] of clients.entries()) client.write([pipeline, wide, below][index % 3]);
    await waitUntil(
      'all of it to be carried out or cut off',
      async () => /evicted_clients:[1-9]/.test(await info(master, 'stats')),
      { withinMs: 20_000 },
    );
    await assertAlive();
  });

  test('a replica that stopped reading is let go of well before its master is full', async () => {
    const [replica] = tier.redises.filter(({ name }) => name !== master.name);
    const value = Buffer.alloc(MIB, 'x');
    tier.daemon(replica).signal('SIGSTOP');
    try {
      const client = await open();
      // The kernel's buffers between the two take some, too.
      for (let i = 0; i < 4 * replicaOutputMb; i++) {
        assert.equal(await ask(client, 'SET', `stalled-${i % 8}`, value), '+OK\r\n');
      }
      assert.match(await info(master, 'replication'), /connected_slaves:1\r/);
    } finally {
      tier.daemon(replica).signal('SIGCONT');
    }
    await tier.settled(2);
    await assertAlive();
  });

  for (const size of [1, 1000, 100_000, MIB, requestMb * MIB])
    test(`pipelines with values of ${size} bytes, for clients that read slowly or not at all`, async () => {
      await tier.call(master, 'operator', 'SET', 'value', 'x'.repeat(size));
      const replies = Math.min(5000, Math.ceil((64 * MIB) / size));
      const pipeline = Buffer.concat(Array.from({ length: replies }, () => request('GET', 'value')));
      const clients = await Promise.all(Array.from({ length: 6 }, open));
      for (const client of clients) client.write(pipeline);
      const [slow, ...idle] = clients;
      let read = 0;
      await waitUntil(
        'the slow one to have read what it was given',
        () => {
          read += (slow.read(Math.min(slow.readableLength, 64 * 1024)) ?? '').length;
          return slow.destroyed || slow.readableEnded || read >= MIB || read >= replies * size;
        },
        { withinMs: 30_000, everyMs: 1 },
      );
      await assertAlive();
      for (const client of [slow, ...idle]) client.destroy();
    });

  for (const [kind, body] of [
    ['text', `-- ${'x'.repeat(4000)}`],
    ['code', `local t = {} ${"t[#t + 1] = 'x' .. #t ".repeat(180)}`],
  ] as const) {
    test(`20,000 different scripts with 4 KB of ${kind} each take nobody's place`, async () => {
      const [hostile, other] = [await open(), await open()];
      const scripts = 20_000;
      const [batch, pair] = [200, Buffer.from(request('SET', 'besides', 'them'))];
      let most = 0;
      for (let sent = 0; sent < scripts; sent += batch) {
        const calls = Array.from({ length: batch }, (_, i) =>
          request('EVAL', `${body}\nreturn ${sent + i}`, '0'),
        );
        hostile.write(calls.join(''));
        const last = `:${sent + batch - 1}\r\n`;
        await waitUntil('their answers', () => String(hostile.read() ?? '').endsWith(last), { everyMs: 1 });
        other.write(pair);
        assert.equal(await ask(other), '+OK\r\n');
        const memory = parseInfo(await info(master, 'memory'));
        const fields = ['used_memory_scripts_eval', 'used_memory_vm_eval'];
        const bytes = fields.reduce((sum, name) => sum + Number(memory.get(name)), 0);
        most = Math.max(most, bytes);
      }
      assert.ok(most < 32 * MIB, `${most} bytes of scripts`);
      await assertAlive();
    });
  }

  test('a script that uses much for a moment costs nobody the scripts that they have loaded', async () => {
    const [client, other] = [await open(), await open()];
    await tier.call(master, 'operator', 'SCRIPT', 'FLUSH');
    const sha = String(await tier.call(master, 'operator', 'SCRIPT', 'LOAD', 'return 1'));
    const heavy = request('EVAL', 'local t = {} for i = 1, 100000 do t[i] = {i} end return #t', '0');
    // longer than a guard takes from one look to the next
    for (const until = Date.now() + 1000; Date.now() < until; ) {
      client.write(heavy);
      assert.equal(await ask(client), ':100000\r\n');
      assert.equal(await ask(other, 'EVALSHA', sha, '0'), ':1\r\n');
    }
    await assertAlive();
  });

  test("libraries of functions that keep 8 MB each take nobody's place, and come back with no restart", async () => {
    const client = await open();
    const library = (i: number): string =>
      `#!lua name=l${i}\nlocal t = {} for i = 1, 500000 do t[i] = i end redis.register_function('f${i}', function() return #t end)`;
    for (let i = 0; i < 64; i++) {
      // replicas have as much to do
      assert.match(await ask(client, 'FUNCTION', 'LOAD', library(i)), /^\$|OOM|timeout|NOREPLICAS/);
    }
    for (const member of tier.redises) {
      await waitUntil('few functions', async () => {
        const memory = parseInfo(await info(member, 'memory'));
        const isFew = Number(memory.get('number_of_libraries')) === 0;
        return isFew && (member !== master || Number(memory.get('used_memory_vm_functions')) < 8 * MIB);
      });
    }
    assert.match(
      await ask(
        client,
        'FUNCTION',
        'LOAD',
        "#!lua name=u\nredis.register_function('u', function() return 7 end)",
      ),
      /^\$1/,
    );
    assert.equal(await ask(client, 'FCALL', 'u', '0'), ':7\r\n');
    await assertAlive();
  });

  test("what is remembered for clients that cache takes nobody's place, also when they have left", async () => {
    await tier.call(master, 'operator', 'FLUSHALL');
    const memory = async (): Promise<number> =>
      Number(parseInfo(await info(master, 'memory')).get('used_memory'));
    const before = await memory();
    const keys = Array.from({ length: 12_000 }, (_, i) => `cached:${i}`);
    const read = request('MGET', ...keys);
    const clients = await Promise.all(Array.from({ length: 110 }, open));
    for (const client of clients) {
      client.write(request('HELLO', '3'));
      client.write(request('CLIENT', 'TRACKING', 'ON'));
      client.write(read);
      let said = '';
      const isAll = (): boolean => {
        said += String(client.read() ?? '');
        return said.split('_\r\n').length > keys.length;
      };
      await waitUntil('its answer', isAll, { everyMs: 1 });
    }
    for (const client of clients) client.destroy();
    await waitUntil('room', async () => (await memory()) < before + 24 * MIB);
    await assertAlive();
  });

  test('large values are freed beside everything else, however they go', async () => {
    const call = (command: string, ...words: string[]): Promise<unknown> =>
      tier.call(master, 'operator', command, ...words);
    const ways: ReadonlyArray<readonly [name: string, command: string, ...words: string[]]> = [
      ['DEL', 'DEL', 'large'],
      ['SET', 'SET', 'large', '1'],
      ['RENAME', 'RENAME', 'other', 'large'],
      ['EXPIRE', 'PEXPIRE', 'large', '-1'],
      ['FLUSHALL', 'FLUSHALL'],
    ];
    for (const [name, command, ...words] of ways) {
      await call('DEL', 'large');
      await call('SET', 'other', '1');
      await call('SADD', 'large', ...Array.from({ length: 1000 }, (_, i) => `m${i}`));
      await call('CONFIG', 'RESETSTAT');
      await call(command, ...words);
      await waitUntil(`${name} to free it`, async () =>
        /lazyfreed_objects:[1-9]/.test(await info(master, 'memory')),
      );
    }
  });

  test('large values from many clients while the AOF is rewritten, until the data is full', async () => {
    const value = Buffer.alloc(requestMb * MIB, 'x');
    const writers = await Promise.all(Array.from({ length: 6 }, open));
    const write = async (client: Socket, name: number): Promise<void> => {
      for (let i = 0; i < 6; i++) await ask(client, 'SET', `large-${name % 4}`, value);
    };
    const writing = Promise.all(writers.map(write));
    for (const member of tier.redises) await tier.call(member, 'operator', 'BGREWRITEAOF');
    await writing;
    await tier.settled(2);
    await tier.call(master, 'operator', 'FLUSHALL');
    await assertAlive();
  });
});

function encode(words: ReadonlyArray<string | Buffer>): Buffer {
  const parts = words.map((word) => {
    const bytes = Buffer.from(word);
    return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
  });
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...parts]);
}

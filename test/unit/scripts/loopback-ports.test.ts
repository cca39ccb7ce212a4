import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { freePorts } from '../../../scripts/loopback-ports.ts';

// of the 14,000 that the kernel chooses from, so many that chance would give some of them twice
const PROCESSES = 4;
const PORTS = 250;

test('a port is given to one process only while that lives, and once to each', async () => {
  const program = `
    const { freePorts } = await import(${JSON.stringify(resolve('scripts/loopback-ports.ts'))});
    const ports = [...(await freePorts(${PORTS})), ...(await freePorts(${PORTS}))];
    process.send(ports);
    process.once('message', () => process.disconnect());`;
  const children: ChildProcess[] = [];
  try {
    for (let i = 0; i < PROCESSES; i++) {
      const execArgv = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', program];
      children.push(fork('', [], { execArgv }));
    }
    const given = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0]));
    const all = given.flat() as number[];
    assert.equal(all.length, PROCESSES * PORTS * 2);
    assert.equal(new Set(all).size, all.length);
  } finally {
    await Promise.all(children.map(endOf));
  }
});

test('the port is free for whoever is to listen there', async () => {
  for (const port of await freePorts(3)) {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
  }
});

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  if (child.connected) child.send('end');
  else child.kill();
  await ended;
}

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { freePorts } from '../../../scripts/loopback-ports.ts';
import { spawnDaemon } from '../../support/spawn-daemon.ts';

// of the 14,000 that the kernel chooses from, so many that chance would give some of them twice
const PROCESSES = 4;
const PORTS = 250;

test('a port is given to one process only while that lives, and once to each', async () => {
  // lives until it is stopped, and not for ever when nobody is left to do that
  const program = `
    const { freePorts } = await import(${JSON.stringify(resolve('scripts/loopback-ports.ts'))});
    console.log(JSON.stringify([...(await freePorts(${PORTS})), ...(await freePorts(${PORTS}))]));
    setTimeout(() => {}, 60_000);`;
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', program];
  const answer = /^\[.*\]$/m;
  const start = () => spawnDaemon(process.execPath, args, { ready: (output) => answer.test(output) });
  const started = await Promise.allSettled(Array.from({ length: PROCESSES }, start));
  try {
    const all = started.flatMap((each): number[] => {
      if (each.status === 'rejected') throw each.reason;
      return JSON.parse(answer.exec(each.value.output())?.[0] ?? '');
    });
    assert.equal(all.length, PROCESSES * PORTS * 2);
    assert.equal(new Set(all).size, all.length);
  } finally {
    await Promise.all(started.map((each) => each.status === 'fulfilled' && each.value.stop()));
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

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PoolTopology } from '../../../proxy/topology/apply.ts';
import { CONFIRM_WITHIN } from '../../../proxy/topology/decide.ts';
import { type AnsweringServer, answeringServer, bulks } from '../../support/answering-server.ts';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';
import { waitUntil } from '../../support/wait-until.ts';

/*
 * The way from a sentinel's +selected-slave to the cut-over, with sentinels and a replica that say what the test wants.
 */
const opened: AnsweringServer[] = [];
const topologies: PoolTopology[] = [];

afterEach(() => {
  for (const topology of topologies.splice(0)) topology.stop();
  closeScenes();
  for (const server of opened.splice(0)) server.close();
});

async function listen(answer: (words: string[]) => string): Promise<AnsweringServer> {
  const server = await answeringServer(answer);
  opened.push(server);
  return server;
}

/** A pool on three sentinels of one mind, which hold its master for down, and a replica that they are about to promote. */
async function failingOver(settings: readonly string[]) {
  const said = { flags: 'master', role: 'slave', replicas: 1 };
  const sentinel = (words: string[]): string => {
    if (words[0] === 'SUBSCRIBE') return '';
    if (words[1] === 'GET-MASTER-ADDR-BY-NAME') return bulks('10.0.0.1', '6379');
    return bulks('ip', '10.0.0.1', 'port', '6379', 'flags', said.flags, 'config-epoch', '7');
  };
  const sentinels = [await listen(sentinel), await listen(sentinel), await listen(sentinel)];
  let questions = 0;
  const replica = await listen((words) => {
    questions++;
    if (words[0] !== 'INFO') return bulks(said.role);
    const lines = [`role:${said.role}`];
    for (let n = 0; n < said.replicas; n++)
      lines.push(`slave${n}:ip=10.0.0.9,port=1,state=online,offset=9,lag=0`);
    const info = lines.join('\r\n');
    return `$${info.length}\r\n${info}\r\n`;
  });
  const lines = sentinels.map(({ port }) => `  - 127.0.0.1:${port}:1`);
  const { pool } = await memoryScene([...settings, 'sentinels:', ...lines]);
  const log: string[] = [];
  const topology = new PoolTopology(pool, (text) => void log.push(text));
  topologies.push(topology);
  topology.start();
  const [server] = pool.servers;
  const publish = (channel: string, message: string, by = sentinels): void => {
    for (const { sockets } of by)
      for (const socket of sockets) socket.write(bulks('message', channel, message));
  };
  await waitUntil('the master to be served', () => !server.mustWait);
  said.flags = 'master,s_down';
  publish('+sdown', 'master one 10.0.0.1 6379');
  await waitUntil('the master to be held for down', () => log.some((line) => /requests wait/.test(line)));
  return {
    said,
    log,
    server,
    replica: `127.0.0.1:${replica.port}`,
    at: () => (server.address.kind === 'tcp' ? `${server.address.host}:${server.address.port}` : ''),
    /** Only one of them leads the failover, and publishes. */
    select() {
      const place = `127.0.0.1 ${replica.port}`;
      const message = `slave 127.0.0.1:${replica.port} ${place} @ one 10.0.0.1 6379`;
      publish('+selected-slave', message, sentinels.slice(0, 1));
    },
    recover() {
      said.flags = 'master';
      publish('-sdown', 'master one 10.0.0.1 6379');
    },
    questions: () => questions,
    asked: () => waitUntil('the replica to be asked', () => questions > 0),
  };
}

describe('a replica that a sentinel has selected', () => {
  test('is used as soon as it turns into a master, and left when the old one is up again', async () => {
    const scene = await failingOver(['early_cutover: true']);
    scene.select();
    await scene.asked();
    await sleep(120);
    assert.equal(scene.at(), '10.0.0.1:6379', 'not while it is a replica');
    scene.said.role = 'master';
    await waitUntil('the cut-over', () => scene.at() === scene.replica);
    assert.equal(scene.server.mustWait, false);
    scene.recover();
    await waitUntil('the way back', () => scene.at() === '10.0.0.1:6379' && !scene.server.mustWait);
    assert.match(
      scene.log.join('\n'),
      /ahead of the sentinels' word.*\n.*was not confirmed: back to 10\.0\.0\.1:6379/,
    );
  });

  test('is not left for the old one after a guarded promotion, as long as it has its replicas', async () => {
    const scene = await failingOver(['wait_replicas: 1', 'guarded_promotions: true']);
    scene.select();
    await scene.asked();
    await sleep(120);
    scene.said.role = 'master';
    await waitUntil('the cut-over', () => scene.at() === scene.replica);
    // The leader has given its failover up, and the old master, which nobody has told yet, is in reach again.
    scene.recover();
    await waitUntil('its word', () => scene.log.some((line) => /serves although no majority/.test(line)));
    await sleep(CONFIRM_WITHIN + 300);
    assert.equal(scene.at(), scene.replica, scene.log.join('\n'));
    assert.equal(scene.server.mustWait, false);
    scene.said.replicas = 0;
    await waitUntil('the way back', () => scene.at() === '10.0.0.1:6379');
  });

  test('is not used when it was a master from the beginning: nobody may have demoted it yet', async () => {
    const scene = await failingOver(['early_cutover: true']);
    scene.said.role = 'master';
    scene.select();
    await scene.asked();
    await sleep(150);
    assert.equal(scene.at(), '10.0.0.1:6379');
    assert.equal(scene.server.mustWait, true);
  });

  test('is not even asked without early_cutover, which is the default without wait_replicas', async () => {
    const scene = await failingOver([]);
    scene.select();
    await sleep(150);
    assert.equal(scene.questions(), 0);
  });
});

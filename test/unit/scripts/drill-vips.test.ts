import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type Docker from 'dockerode';
import { Ledger } from '../../../scripts/drill/load/ledger.ts';
import { Newcomers } from '../../../scripts/drill/load/newcomers.ts';
import { renderHtml } from '../../../scripts/drill/report/html/page.ts';
import { Timeline } from '../../../scripts/drill/watch/timeline.ts';
import { holderTimes, VipWatch } from '../../../scripts/drill/watch/vip.ts';
import { documentOf, roundOf } from '../../support/drill-round.ts';
import { planOf, TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

const [FIRST, SECOND] = ['198.18.0.100', '198.18.0.101'];
const plan = planOf(`name: alpha\nvips: [${FIRST}, ${SECOND}]\n`);

describe('a drill of a stack whose edges share the load', () => {
  test('watches each VIP by itself: one that nobody holds, or two, is not hidden by the other', async () => {
    // Every edge is this process, whose kernel has the first address and not the second.
    const engine = {
      getContainer: () => ({ inspect: async () => ({ State: { Pid: process.pid } }) }),
    } as unknown as Docker;
    const timeline = new Timeline();
    const here = { ...plan, vip: '127.0.0.1', vips: ['127.0.0.1', SECOND] };
    const watch = await VipWatch.start({ plan: here, credentials: TEST_CREDENTIALS, engine, timeline });
    try {
      await waitUntil('a look or two', () => (watch.spans?.[0]?.to ?? 0) > (watch.spans?.[0]?.from ?? 0));
    } finally {
      watch.end();
    }
    const seen = (watch.spans ?? []).map(({ holders, vip }) => `${vip}: ${holders.join(' and ')}`);
    assert.deepEqual(seen, ['127.0.0.1: alpha-edge-a and alpha-edge-b', `${SECOND}: `]);
    const { none, several } = holderTimes(watch.spans ?? [], 0);
    assert.ok(none > 0 && several > 0);
    assert.ok(timeline.events.some(({ text }) => text === `${SECOND}: nobody`));
  });

  test('has a lane for each VIP in its report', () => {
    const span = (vip: string, holder: string) => ({
      from: 0,
      to: 6000,
      holders: [holder],
      frozen: [],
      vip,
    });
    const spans = [span(FIRST, 'alpha-edge-a'), span(SECOND, 'alpha-edge-b')];
    const page = renderHtml(documentOf([roundOf({ writes: [{ endedAt: 990 }, { endedAt: 2000 }], spans })]));
    for (const vip of [FIRST, SECOND]) assert.equal(page.split(`>${vip} held by<`).length, 2, vip);
    const one = { from: 0, to: 6000, holders: ['alpha-edge-a'], frozen: [] };
    assert.match(renderHtml(documentOf([roundOf({ spans: [one] })])), />VIP held by</);
  });

  describe('and its load', () => {
    const [one, two] = ['127.0.0.2', '127.0.0.3'];
    const servers: Server[] = [];
    const asked = new Map<string, Set<string>>();
    let port = 0;

    before(async () => {
      for (const address of [one, two]) {
        const keys = new Set<string>();
        asked.set(address, keys);
        const server = createServer((socket) => {
          socket.on('error', () => undefined);
          socket.on('data', (data) => {
            keys.add(/drill:run:newcomer:(\S+)/.exec(String(data))?.[1] ?? '');
            socket.write('+OK\r\n+OK\r\n');
          });
        });
        await new Promise<void>((done) => server.listen(port, address, done));
        port = (server.address() as { port: number }).port;
        servers.push(server);
      }
    });
    after(() => {
      for (const server of servers) server.close();
    });

    test('comes by each VIP, with keys of each shard', async () => {
      const here = { ...plan, vip: one, vips: [one, two] };
      const pool = { ...plan.pools[0], listen: port };
      const newcomers = new Newcomers({ plan: here, pool, password: 'x', run: 'run' }, new Ledger());
      newcomers.start();
      try {
        await waitUntil('both to be asked for both', () => [...asked.values()].every(({ size }) => size > 1));
      } finally {
        await newcomers.stop();
      }
    });
  });
});

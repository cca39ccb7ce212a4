import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { raisedAlerts } from '../../../console/alerts.ts';
import type { MonitorMember } from '../../../topology/types.ts';
import { defaultPlan } from '../../support/stack-fixture.ts';

const alert = (name: string, severity: string, activeAt: string, state = 'firing') => ({
  state,
  activeAt,
  labels: { alertname: name, severity },
  annotations: { summary: `${name} is so`, action: 'do `this`' },
});

/** A monitor that answers with these alerts. */
async function monitorOf(alerts: readonly unknown[]): Promise<[Server, MonitorMember]> {
  const server = createServer((request, response) => {
    if (request.url !== '/api/v1/alerts') response.writeHead(404);
    response.end(JSON.stringify({ status: 'success', data: { alerts } }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return [server, { address: '127.0.0.1', port } as MonitorMember];
}

describe('the alerts of a stack', () => {
  const servers: Server[] = [];
  let monitors: MonitorMember[];

  before(async () => {
    const said = [
      [
        alert('EdgeDown', 'warning', '2026-11-28T08:00:00.5Z'),
        alert('VipUnheld', 'critical', '2026-11-28T08:01:00Z'),
        alert('RedisDown', 'warning', '2026-11-28T08:02:00Z', 'pending'),
      ],
      [alert('EdgeDown', 'warning', '2026-11-28T08:00:00Z')],
    ];
    const all = await Promise.all(said.map(monitorOf));
    for (const [server] of all) servers.push(server);
    monitors = all.map(([, member]) => member);
  });
  after(() => {
    for (const server of servers) server.close();
  });

  test('are those that are raised, each once, the gravest first, with what to do', async () => {
    assert.deepEqual(await raisedAlerts({ monitors }), [
      {
        name: 'VipUnheld',
        severity: 'critical',
        since: Date.parse('2026-11-28T08:01:00Z'),
        summary: 'VipUnheld is so',
        action: 'do `this`',
      },
      {
        name: 'EdgeDown',
        severity: 'warning',
        since: Date.parse('2026-11-28T08:00:00Z'),
        summary: 'EdgeDown is so',
        action: 'do `this`',
      },
    ]);
  });

  test('one monitor is enough; none that answers is not the same as no alert, nor as no monitor', async () => {
    const gone = { address: '127.0.0.1', port: 1 } as MonitorMember;
    assert.equal((await raisedAlerts({ monitors: [gone, monitors[0]] }))?.length, 2);
    assert.equal(await raisedAlerts({ monitors: [gone] }), 'silent');
    assert.equal(await raisedAlerts(defaultPlan()), undefined);
  });
});

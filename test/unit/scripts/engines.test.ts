import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect } from '../../../provider/docker/connect.ts';
import { collectStatus } from '../../../scripts/observe/status.ts';
import { connectEngines } from '../../../scripts/stack/engines.ts';
import { RoutedClient } from '../../../scripts/stack/routed-client.ts';
import { defaultPlan, hostsPlanOf, TEST_CREDENTIALS, THREE_HOSTS } from '../../support/stack-fixture.ts';

const PATIENCE_MS = 300;

/** As much of an engine as lists its containers and volumes, and remembers what it was asked. */
interface Stub {
  readonly asked: string[];
  readonly address: string;
  readonly server: Server;
}

async function stub(answers: (path: string) => unknown): Promise<Stub> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/v[\d.]+/, '').split('?')[0];
    asked.push(`${request.method} ${path}`);
    const answer = answers(path);
    // undefined: an engine that takes the request and says nothing.
    if (answer !== undefined)
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { asked, server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const engineWith = (container: string, id: string) => (path: string) => {
  if (path === '/containers/json') return [{ Id: id, Names: [`/${container}`] }];
  if (path === '/volumes') return { Volumes: [{ Name: `${container}-data` }] };
  if (path === '/containers/create') return { Id: `made-on-${container}` };
  return { Id: id, Name: `/${container}` };
};

describe('engines of several hosts as one client', () => {
  const plan = hostsPlanOf(THREE_HOSTS);
  let stubs: Stub[];
  let client: RoutedClient;

  before(async () => {
    stubs = [
      await stub(engineWith('alpha-s1-a', 'id-a')),
      await stub(engineWith('alpha-s1-b', 'id-b')),
      await stub(() => undefined),
    ];
    const parts = await Promise.all(
      plan.domains.map(async ({ host, name: domain }, index) => ({
        domain,
        host,
        docker: await connect(stubs[index].address),
      })),
    );
    client = new RoutedClient(plan, parts, PATIENCE_MS);
  });

  after(() => {
    for (const { server } of stubs) {
      server.closeAllConnections();
      server.close();
    }
  });

  test('a list has what every host has, and leaves out one that says nothing, with the reason', async () => {
    const names = (await client.listContainers({ all: true })).flatMap(({ Names }) => Names);
    assert.deepEqual(names, ['/alpha-s1-a', '/alpha-s1-b']);
    assert.deepEqual([...client.unreachable], [['c', 'does not answer within 0.3 s']]);
    const { Volumes } = await client.listVolumes();
    assert.deepEqual(
      Volumes.map(({ Name }) => Name),
      ['alpha-s1-a-data', 'alpha-s1-b-data'],
    );
  });

  test('a member is asked for on the host of its domain, by name and by the id that was listed', async () => {
    for (const id of ['alpha-s1-b', 'id-b']) {
      stubs[0].asked.length = 0;
      stubs[1].asked.length = 0;
      await client.getContainer(id).inspect();
      assert.deepEqual(stubs[0].asked, []);
      assert.deepEqual(stubs[1].asked, [`GET /containers/${id}/json`]);
    }
  });

  test('a container is made where the volume is that it looks into', async () => {
    stubs[0].asked.length = 0;
    stubs[1].asked.length = 0;
    const made = await client.createContainer({
      Image: 'x',
      HostConfig: { Mounts: [{ Type: 'volume', Source: 'alpha-s1-b-data', Target: '/data' }] },
    });
    await made.inspect();
    await client.getContainer(made.id).inspect();
    assert.deepEqual(stubs[0].asked, []);
    assert.equal(stubs[1].asked.length, 3);
  });

  test('a name that no host is known to have reaches none', () => {
    assert.throws(() => client.getContainer('other'), /no host of the stack is known to have other/);
  });

  test('a host that is gone on without is asked nothing more, and is among those that are not reached', async () => {
    client.leaveOut(new Map([['b', 'it is off']]));
    stubs[1].asked.length = 0;
    const { Volumes } = await client.listVolumes();
    assert.deepEqual(
      Volumes.map(({ Name }) => Name),
      ['alpha-s1-a-data'],
    );
    const status = await collectStatus(plan, TEST_CREDENTIALS, client);
    assert.deepEqual(status.hosts?.map(({ domain, problem }) => [domain, problem])[1], ['b', 'it is off']);
    assert.deepEqual(stubs[1].asked, []);
    assert.equal(client.unreachable.get('b'), 'it is off');
  });

  test('by domain and by member the same engine is found', async () => {
    const byKeys = hostsPlanOf(
      THREE_HOSTS.replace(/tcp:.*?, address/, 'ssh://10.0.0.13, address').replace(
        /, certificates.*? }/,
        ' }',
      ),
    );
    const engines = await connectEngines(byKeys, '/');
    const member = plan.domains[1].members[0];
    assert.equal(engines.ofMember(member.name), engines.ofDomain('b'));
    assert.equal(engines.ofDomain('b').host, byKeys.domains[1].host);
    assert.throws(() => engines.ofMember('nobody'), RangeError);
    await assert.rejects(connectEngines(plan, '/nowhere'), /certificates of domain c cannot be read/);
  });

  test('where one engine plays all domains, it is the engine of each', async () => {
    const engines = await connectEngines(defaultPlan(), '/');
    assert.ok(engines.list.every(({ docker, host }) => docker === engines.client && host === undefined));
    assert.equal(engines.list.length, 3);
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { connect } from '../../../provider/docker/connect.ts';
import { execInContainer } from '../../../scripts/observe/engine.ts';
import { lookAtHost } from '../../../scripts/observe/host-status.ts';
import { RoutedClient } from '../../../scripts/stack/routed-client.ts';
import { hostsPlanOf, THREE_HOSTS } from '../../support/stack-fixture.ts';

const PATIENCE_MS = 500;
const FOR_EVER_MS = 20_000;

describe('a host that takes a question and says nothing', () => {
  const plan = hostsPlanOf(THREE_HOSTS);
  const [domain] = plan.domains;
  const asked: string[] = [];
  let server: Server;
  let docker: Awaited<ReturnType<typeof connect>>;
  let ended: Promise<unknown> | undefined;

  before(async () => {
    server = createServer((request: IncomingMessage, response) => {
      asked.push((request.url ?? '').split('?')[0]);
      ended = once(response, 'close', { signal: AbortSignal.timeout(FOR_EVER_MS) });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    docker = await connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterEach(() => {
    asked.length = 0;
    ended = undefined;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  test('is waited for once, not for each question, and its question is ended: nothing keeps the program from ending', async () => {
    const { containers, host } = await lookAtHost(plan.name, domain, docker, PATIENCE_MS);
    assert.equal(host.problem, 'does not answer within 0.5 s');
    assert.equal(containers.size, 0);
    // On a busy machine it may have been given up before it was asked.
    assert.ok(['', '/containers/json'].includes(asked.join()), asked.join());
    await ended;
  });

  test('is left out of a list, and its question is ended, too', async () => {
    const client = new RoutedClient(plan, [{ domain: domain.name, docker }], PATIENCE_MS);
    assert.deepEqual(await client.listContainers({ all: true }), []);
    await ended;
    assert.deepEqual((await client.listVolumes()).Volumes, []);
    await ended;
  });

  test('does not hold up a command that is to begin there', async () => {
    const begun = execInContainer(docker, 'alpha-edge-a', ['true'], PATIENCE_MS, {
      beginMs: PATIENCE_MS,
    });
    await assert.rejects(begun, /does not answer within 0.5 s/);
    await ended;
  });
});

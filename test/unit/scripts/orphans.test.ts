import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import Docker from 'dockerode';
import { removeOrphans, sweep } from '../../../scripts/deploy/orphans.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { RoutedClient } from '../../../scripts/stack/routed-client.ts';
import { stateDir, stateFile } from '../../../scripts/stack/terraform-state.ts';
import { defaultPlan, hostsPlanOf, inTemporaryFolder, THREE_ON_LAN } from '../../support/stack-fixture.ts';

type Answer = readonly [status: number, message?: string];

const GONE: Answer = [404, 'No such container: x'];
const UNDER_WAY: Answer = [409, 'removal of container x is already in progress'];

/** What is done to a stack's containers, and by what name they are reported. */
type Removal = (home: Home, engine: Docker, patienceMs?: number) => Promise<readonly string[]>;

const orphans: Removal = async (home, engine, patienceMs) => {
  const { interrupted, dropped } = await removeOrphans(home, defaultPlan(), engine, patienceMs);
  return [...interrupted, ...dropped];
};
const everything: Removal = async (home, engine) => (await sweep(home, engine, 'alpha', false)).containers;

/**
 * What `removeOrphans`, or another removal, does with containers `id: state` when the engine answers their removals
 * like this, one after the other and the last one for ever; what is not named is removed. Terraform's state knows
 * `known` and `stuck`.
 */
async function removal(
  containers: Readonly<Record<string, string>>,
  answers: Readonly<Record<string, readonly Answer[]>> = {},
  patienceMs?: number,
  remove = orphans,
): Promise<{ removed: readonly string[] | Error; deletes: string[] }> {
  const deletes: string[] = [];
  const server = createServer((request, response) => {
    const [, id] = /\/containers\/(\w+)\?/.exec(request.url ?? '') ?? [];
    if (request.method === 'GET') {
      const list = Object.entries(containers).map(([Id, State]) => ({ Id, State, Names: [`/alpha-${Id}`] }));
      const found = request.url?.includes('/containers/') ? list : [];
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found));
      return;
    }
    const before = deletes.filter((each) => each === id).length;
    deletes.push(id);
    const planned = answers[id] ?? [[204]];
    const [status, message] = planned[Math.min(before, planned.length - 1)];
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(message === undefined ? undefined : JSON.stringify({ message }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const engine = new Docker({
    protocol: 'http',
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
  });
  try {
    const removed = await inTemporaryFolder((root) => {
      const home = new Home(root);
      home.privateDir(stateDir(home, 'alpha'));
      const instances = ['known', 'stuck'].map((id) => ({ attributes: { id } }));
      const state = { version: 4, resources: [{ type: 'docker_container', instances }] };
      writeFileSync(stateFile(home, 'alpha', 'alpha-a'), JSON.stringify(state));
      return remove(home, engine, patienceMs).catch((error: Error) => error);
    });
    return { removed, deletes };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test('what no state knows is removed, and what is half removed; what terraform knows stays', async () => {
  const { removed, deletes } = await removal({ known: 'running', stuck: 'dead', stray: 'created' });
  assert.deepEqual(removed, ['alpha-stuck', 'alpha-stray']);
  assert.deepEqual(deletes.sort(), ['stray', 'stuck']);
});

test('one that is being removed at that moment is waited for until it is gone', async () => {
  const { removed, deletes } = await removal({ stuck: 'removing' }, { stuck: [UNDER_WAY, UNDER_WAY, GONE] });
  assert.deepEqual(removed, ['alpha-stuck']);
  assert.deepEqual(deletes, ['stuck', 'stuck', 'stuck']);
});

test('one whose removal by somebody else fails is removed after all', async () => {
  const { removed, deletes } = await removal({ stuck: 'removing' }, { stuck: [UNDER_WAY, [204]] });
  assert.deepEqual(removed, ['alpha-stuck']);
  assert.equal(deletes.length, 2);
});

test('one that has gone since it was listed is no error', async () => {
  const { removed, deletes } = await removal({ stray: 'exited' }, { stray: [GONE] });
  assert.deepEqual(removed, ['alpha-stray']);
  assert.deepEqual(deletes, ['stray']);
});

test('`down` waits for one that is being removed, too', async () => {
  const { removed, deletes } = await removal(
    { stuck: 'removing' },
    { stuck: [UNDER_WAY, GONE] },
    undefined,
    everything,
  );
  assert.deepEqual([removed, deletes], [['alpha-stuck'], ['stuck', 'stuck']]);
});

test('a removal that never ends is an error in the engine’s words', async () => {
  const { removed, deletes } = await removal({ stuck: 'removing' }, { stuck: [UNDER_WAY] }, 300);
  assert.ok(removed instanceof Error);
  assert.match(removed.message, /removal of container x is already in progress/);
  assert.ok(deletes.length > 1, `${deletes.length} attempts`);
});

for (const answer of [
  [409, 'something else is in the way'],
  [500, 'unable to remove filesystem'],
] as const) {
  test(`any other refusal (${answer[0]}) is an error at once`, async () => {
    const { removed, deletes } = await removal({ stray: 'exited' }, { stray: [answer] });
    assert.ok(removed instanceof Error);
    assert.match(removed.message, new RegExp(answer[1]));
    assert.deepEqual(deletes, ['stray']);
  });
}

test('of members on the LAN of several hosts, a network that no state knows goes, and those of the states stay', () =>
  inTemporaryFolder(async (root) => {
    const plan = hostsPlanOf(THREE_ON_LAN);
    const home = new Home(root);
    home.privateDir(stateDir(home, 'alpha'));
    const removed: string[] = [];
    const parts = plan.domains.map(({ name: domain, stack }) => {
      const Id = `lan-of-${domain}`;
      const instances = domain === 'b' ? [] : [{ attributes: { id: Id } }];
      const state = { version: 4, resources: [{ type: 'docker_network', instances }] };
      writeFileSync(stateFile(home, 'alpha', stack), JSON.stringify(state));
      const docker = {
        listContainers: async () => [],
        listVolumes: async () => ({ Volumes: [] }),
        listNetworks: async () => [{ Id, Name: 'alpha-lan' }],
        getNetwork: (id: string) => ({ remove: async () => removed.push(`${id} on ${domain}`) }),
      } as unknown as Docker;
      return { domain, docker };
    });
    const { interrupted } = await removeOrphans(home, plan, new RoutedClient(plan, parts));
    assert.deepEqual(interrupted, ['alpha-lan']);
    assert.deepEqual(removed, ['lan-of-b on b']);
  }));

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { demandNotMoved, findFormerHosts, recordHosts } from '../../../scripts/stack/former-hosts.ts';
import { Home } from '../../../scripts/stack/home.ts';
import type { HostsPlan } from '../../../topology/types.ts';
import { hostsPlanOf, inTemporaryFolder, THREE_HOSTS } from '../../support/stack-fixture.ts';

/** As much of an engine as lists what it has. */
async function engineWith(containers: readonly string[], volumes: readonly string[]): Promise<Server> {
  const server = createServer((request, response) => {
    const listed = request.url?.includes('/containers/')
      ? containers.map((name) => ({ Id: name, Names: [`/${name}`] }))
      : { Volumes: volumes.map((Name) => ({ Name })) };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(listed));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

describe('machines that a stack was put on', () => {
  let full: Server;
  let bare: Server;

  before(async () => {
    full = await engineWith(['alpha-proxy-d', 'alpha-shard-1-d'], ['alpha-shard-1-d-data']);
    bare = await engineWith([], []);
  });
  after(() => {
    for (const server of [full, bare]) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** Three hosts and a fourth domain on such an engine. */
  const withFourth = (domain: string, address: string, docker: string): HostsPlan => {
    const plan = hostsPlanOf(
      `${THREE_HOSTS}  - { name: d, docker: ssh://ops@10.0.0.14, address: 10.0.0.14 }\n`,
    );
    return {
      ...plan,
      domains: plan.domains.map((each) =>
        each.name === 'd' ? { ...each, name: domain, host: { docker, address } } : each,
      ),
    };
  };
  const three = hostsPlanOf(THREE_HOSTS);
  const all = (plan: HostsPlan): Set<string> => new Set(plan.domains.map(({ name }) => name));
  const recorded = (plan: HostsPlan, work: (home: Home) => Promise<void>): Promise<void> =>
    inTemporaryFolder(async (root) => {
      const home = new Home(root);
      recordHosts(home, plan, all(plan), root);
      await work(home);
    });

  test('one that the file has no longer is found with what stands there, and again as long as it does', () =>
    recorded(withFourth('d', '10.0.0.14', urlOf(full)), async (home) => {
      for (let again = 0; again < 2; again++) {
        const { addresses, gone, moved, silent } = await findFormerHosts(home, three);
        assert.deepEqual(
          gone.map(({ containers, domain }) => [domain, containers]),
          [['d', 2]],
        );
        assert.deepEqual([[...addresses], moved, silent], [[['d', '10.0.0.14']], [], []]);
        recordHosts(home, three, all(three), home.root);
      }
    }));

  test('one that nothing is left on is forgotten; one that does not answer is told of', async () => {
    await recorded(withFourth('d', '10.0.0.14', urlOf(bare)), async (home) => {
      assert.deepEqual((await findFormerHosts(home, three)).gone, []);
      assert.deepEqual([...(await findFormerHosts(home, three)).addresses], []);
    });
    await recorded(withFourth('d', '10.0.0.14', 'http://127.0.0.1:1'), async (home) => {
      const { gone, silent } = await findFormerHosts(home, three);
      assert.deepEqual(gone, []);
      assert.match(silent.join(), /^http:\/\/127\.0\.0\.1:1, which was host d: .*ECONNREFUSED/);
    });
  });

  test('a domain does not move to another machine while it stands on the one before', () =>
    recorded(withFourth('d', '10.0.0.14', urlOf(full)), async (home) => {
      const elsewhere = withFourth('d', '10.0.0.15', 'ssh://ops@10.0.0.15');
      const found = await findFormerHosts(home, elsewhere);
      assert.deepEqual(found.gone, []);
      assert.throws(
        () => demandNotMoved(elsewhere, found),
        /domain d stands on http:.* \(2 containers\), and the stack file names ssh:\/\/ops@10\.0\.0\.15 for it/,
      );
      // Nor do two domains change places.
      const swapped = withFourth('e', '10.0.0.14', urlOf(full));
      assert.deepEqual((await findFormerHosts(home, swapped)).gone, []);
    }));

  test('where the file is as it was, nobody is asked', () =>
    recorded(withFourth('d', '10.0.0.14', 'http://127.0.0.1:1'), async (home) => {
      const same = withFourth('d', '10.0.0.14', 'http://127.0.0.1:2');
      const { addresses, gone, moved, silent } = await findFormerHosts(home, same);
      assert.deepEqual([[...addresses], gone, moved, silent], [[], [], [], []]);
    }));
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { renderHaproxyCfg } from '../../../haproxy/haproxy-cfg.ts';
import { BACK_DEVICE, FRONT_DEVICE, renderKeepalivedConf } from '../../../haproxy/keepalived-conf.ts';
import type { AnyPlan } from '../../../topology/types.ts';
import {
  defaultPlan,
  hostsPlanOf,
  inTemporaryFolder,
  planOf,
  THREE_HOSTS,
} from '../../support/stack-fixture.ts';

const SMALL = `name: beta
vip: 198.18.4.100
network: 198.18.4.0/24
edge: { count: 1, max_connections_per_source: 100 }
pools:
  fast: { listen: 6379 }
  slow: { listen: 6380 }
`;

const PLANS: ReadonlyArray<[string, () => AnyPlan]> = [
  ['the default stack', defaultPlan],
  ['one edge and two pools', () => planOf(SMALL)],
  ['three hosts', () => hostsPlanOf(THREE_HOSTS)],
  ['two VIPs', () => planOf('name: alpha\nvips: [198.18.0.100, 198.18.0.101]\nmonitoring: on\n')],
  [
    'three hosts and three VIPs',
    () =>
      hostsPlanOf(
        THREE_HOSTS.replace('vip:', 'vips: [10.0.0.102, 10.0.0.101,').replace(
          '.100\n',
          '.100]\nedge: { count: 3 }\n',
        ),
      ),
  ],
];

const EXTERNAL = `${THREE_HOSTS}entrance: external\npools: { one: { listen: 6379 }, two: { listen: 6380 } }\n`;

async function checkHaproxy(plan: AnyPlan): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, renderHaproxyCfg(plan, plan.edges[0]));
    const { exitCode, all } = await execa('haproxy', ['-c', '-f', file], {
      reject: false,
      all: true,
      env: { TWEMSTACK_LIB: resolve('haproxy/image/lib') },
    });
    assert.equal(exitCode, 0, all);
    assert.doesNotMatch(all, /WARNING|ALERT/);
  });
}

describe('the daemons accept their rendered configuration', () => {
  for (const [title, make] of PLANS) {
    test(`haproxy -c, ${title}`, () => checkHaproxy(make()));

    test(`keepalived -t, ${title}`, async () => {
      const plan = make();
      await inTemporaryFolder(async (folder) => {
        const file = join(folder, 'keepalived.conf');
        const [edge] = plan.edges;
        // A host has one device for both.
        const back = edge.frontAddress === edge.address ? 'front0' : 'back0';
        const conf = renderKeepalivedConf(plan, edge).replaceAll(FRONT_DEVICE, 'front0');
        writeFileSync(file, conf.replaceAll(BACK_DEVICE, back));
        // It looks for its interfaces and addresses, so they are made, in a namespace that ends with the command.
        const script = `ip link add front0 type veth peer name back0 && ip link set front0 up && ip link set back0 up &&
          ip address add ${edge.frontAddress}/24 dev front0 && ip address replace ${edge.address}/24 dev ${back} &&
          exec keepalived -t -f ${file}`;
        const { exitCode, all } = await execa('unshare', ['--net', 'bash', '-c', script], {
          reject: false,
          all: true,
        });
        assert.equal(exitCode, 0, all);
        assert.equal(all.trim(), '');
      });
    });
  }

  test('haproxy -c, hosts to which others lead applications', () => checkHaproxy(hostsPlanOf(EXTERNAL)));
});

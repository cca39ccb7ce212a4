import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { renderHaproxyCfg } from '../../../haproxy/haproxy-cfg.ts';
import { BACK_DEVICE, FRONT_DEVICE, renderKeepalivedConf } from '../../../haproxy/keepalived-conf.ts';
import type { Plan } from '../../../topology/types.ts';
import { defaultPlan, inTemporaryFolder, planOf } from '../../support/stack-fixture.ts';

const SMALL = `name: beta
vip: 198.18.4.100
network: 198.18.4.0/24
edge: { count: 1, max_connections_per_source: 100 }
pools:
  fast: { listen: 6379 }
  slow: { listen: 6380 }
`;

const PLANS: ReadonlyArray<[string, () => Plan]> = [
  ['the default stack', defaultPlan],
  ['one edge and two pools', () => planOf(SMALL)],
];

describe('the daemons accept their rendered configuration', () => {
  for (const [title, make] of PLANS) {
    test(`haproxy -c, ${title}`, async () => {
      const plan = make();
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
    });

    test(`keepalived -t, ${title}`, async () => {
      const plan = make();
      await inTemporaryFolder(async (folder) => {
        const file = join(folder, 'keepalived.conf');
        const [edge] = plan.edges;
        const conf = renderKeepalivedConf(plan, edge).replaceAll(FRONT_DEVICE, 'front0');
        writeFileSync(file, conf.replaceAll(BACK_DEVICE, 'back0'));
        // It looks for its interfaces and addresses, so they are made, in a namespace that ends with the command.
        const script = `ip link add front0 type veth peer name back0 && ip link set front0 up && ip link set back0 up &&
          ip address add ${edge.frontAddress}/24 dev front0 && ip address add ${edge.address}/24 dev back0 &&
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
});

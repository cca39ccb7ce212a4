import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hostConflicts, refuseConflicts } from '../../../scripts/prepare/conflicts.ts';
import { describeRoute, hostRoutes } from '../../../scripts/prepare/host-network.ts';
import { parseAddress, subnet } from '../../../topology/ipv4.ts';
import { defaultPlan } from '../../support/stack-fixture.ts';

describe('conflicts on the host', () => {
  const plan = defaultPlan();
  const address = (device: string, text: string) => ({ device, address: parseAddress(text) as number });
  const route = (device: string, text: string) => ({ device, subnet: subnet(text) });

  test('a machine with nothing near the stack has none', () => {
    const host = { routes: [route('eth0', '192.0.2.0/24')], addresses: [address('eth0', '192.0.2.2')] };
    assert.deepEqual(hostConflicts(plan, host), []);
  });

  test('a route that holds the network, or lies in it, is named with its device', () => {
    for (const text of ['198.18.0.0/17', '198.18.0.64/26']) {
      const [conflict, ...others] = hostConflicts(plan, { routes: [route('wg0', text)], addresses: [] });
      assert.equal(others.length, 0);
      assert.match(conflict.what, /198\.18\.0\.0\/24 overlaps/);
      assert.equal(conflict.where, `wg0 ${text}`);
    }
  });

  test('so is one that the back network is in the way of, with the key that moves it', () => {
    const [conflict, ...others] = hostConflicts(plan, {
      routes: [route('wg0', '198.18.128.0/20')],
      addresses: [],
    });
    assert.equal(others.length, 0);
    assert.match(conflict.what, /back network 198\.18\.128\.0\/24 overlaps/);
    assert.match(conflict.remedy, /`back_network`/);
  });

  test('the virtual IP on a device of this machine is named', () => {
    const [conflict] = hostConflicts(plan, { routes: [], addresses: [address('lo', plan.vip)] });
    assert.match(conflict.what, new RegExp(`virtual IP ${plan.vip.replaceAll('.', '\\.')} is an address`));
    assert.equal(conflict.where, 'lo');
  });

  test('the stack’s own bridge is no conflict: it runs already', () => {
    for (const { bridge, subnet: own, gateway } of [plan.front, plan.back])
      assert.deepEqual(
        hostConflicts(plan, { routes: [route(bridge, own)], addresses: [address(bridge, gateway)] }),
        [],
      );
  });

  test('bridges of Docker networks are left to the engine to tell', () => {
    const host = { routes: [route('br-0123', '198.18.0.0/17')], addresses: [] };
    assert.equal(hostConflicts(plan, host, new Set(['br-0123'])).length, 0);
    assert.equal(hostConflicts(plan, host).length, 1);
  });

  test('all are said at once, exit 3', () => {
    const host = { routes: [route('wg0', '198.18.0.0/16')], addresses: [address('lo', plan.vip)] };
    assert.throws(
      () => refuseConflicts(hostConflicts(plan, host)),
      (error: Error & { exitCode?: number }) => {
        assert.equal(error.exitCode, 3);
        assert.match(error.message, /virtual IP[\s\S]*nothing was changed[\s\S]*also: .*overlaps/);
        return true;
      },
    );
    refuseConflicts([]);
  });
});

test('the kernel’s routing table is read: bytes backwards, default route left out', () => {
  const table = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
    'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    '',
  ].join('\n');
  assert.deepEqual(hostRoutes(table).map(describeRoute), ['docker0 172.17.0.0/16', 'eth0 192.0.2.0/24']);
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { layOut } from '../../../console/page/picture-layout.ts';
import { consoleState } from '../../../console/state.ts';
import { renderKeepalivedConf, routersOf } from '../../../haproxy/keepalived-conf.ts';
import { alertsOf } from '../../../monitoring/alerts.ts';
import { examine } from '../../../scripts/doctor/examine.ts';
import type { FaultContext } from '../../../scripts/drill/drill.ts';
import { vipHolder, worstDomain } from '../../../scripts/drill/faults/targets.ts';
import { InputError } from '../../../scripts/errors.ts';
import { assess } from '../../../scripts/observe/assess.ts';
import { vipsAmong, vipsSeenHere } from '../../../scripts/observe/holds-vip.ts';
import type { StackStatus } from '../../../scripts/observe/status.ts';
import { statusDocument } from '../../../scripts/observe/status-document.ts';
import { hostConflicts } from '../../../scripts/prepare/conflicts.ts';
import type { DomainChanges } from '../../../scripts/rollout/changes.ts';
import { edgeToRelieve } from '../../../scripts/rollout/order.ts';
import { refuseOtherRouter } from '../../../scripts/rollout/same-router.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { statusTable, tryIt } from '../../../scripts/verbs/status-report.ts';
import type { Plan } from '../../../topology/types.ts';
import { planOf } from '../../support/stack-fixture.ts';
import { wellFacts, wellStatus } from '../../support/well-stack.ts';

const FIRST = '198.18.0.100';
const SECOND = '198.18.0.101';
const shared = (vips: readonly string[], more = ''): Plan =>
  planOf(`name: alpha\nvips: [${vips.join(', ')}]\n${more}`);
const plan = shared([FIRST, SECOND]);
const ALL = new Set(plan.domains.map(({ name }) => name));

/** The stack with these VIPs on its two edges; undefined = the edge does not answer. */
function statusWith(a: readonly string[] | undefined, b: readonly string[] | undefined): StackStatus {
  const status = wellStatus(plan, ({ name, role }) => {
    if (role !== 'edge') return undefined;
    const vips = name === 'alpha-edge-a' ? a : b;
    return vips === undefined
      ? { vip: undefined, error: 'container is exited' }
      : { vip: vips.length > 0, vips };
  });
  const pools = [FIRST, SECOND].map((vip) => ({ name: 'alpha', port: 6379, answers: vip !== 'none', vip }));
  return { ...status, pools };
}

const whole = statusWith([FIRST], [SECOND]);
const sentences = (status: StackStatus): string[] =>
  assess(plan, status, ALL).map(({ subject, what }) => `${subject}: ${what}`);

describe('what is seen of a stack whose edges share the load', () => {
  test('one holder of each VIP is whole, whichever it is; none or two are degraded, with the VIP’s name', () => {
    assert.deepEqual(sentences(whole), []);
    assert.deepEqual(sentences(statusWith([FIRST, SECOND], [])), []);
    assert.deepEqual(sentences(statusWith([FIRST], [])), [`${SECOND}: no edge holds the VIP`]);
    assert.deepEqual(sentences(statusWith([FIRST, SECOND], [SECOND])), [
      `${SECOND}: more than one edge holds the VIP: alpha-edge-a, alpha-edge-b`,
    ]);
    const mute = { ...whole, pools: [whole.pools[0], { ...whole.pools[1], answers: false }] };
    assert.deepEqual(sentences(mute), [`${SECOND}:6379: pool alpha does not answer PING`]);
  });

  test('the addresses of an edge are told apart from others that begin alike', () => {
    const of = (address: string): string => `2: eth1    inet ${address} scope global eth1`;
    assert.deepEqual(vipsAmong(plan, of(`${SECOND}/32`)), [SECOND]);
    assert.deepEqual(vipsAmong(plan, of('198.18.0.10/24')), []);
  });

  test('of an edge on this machine they are read from the kernel; of one elsewhere, whose pid is somebody’s here, the engine is asked', () => {
    const proc = mkdtempSync(join(tmpdir(), 'twemstack-proc-'));
    try {
      const [{ address: own }] = plan.edges;
      const routes = (...held: string[]): string =>
        held.map((address) => `  |-- ${address}\n     /32 host LOCAL\n`).join('');
      const processes = {
        7: routes(own, SECOND, '127.0.0.1'),
        8: routes(own),
        9: routes('127.0.0.1', SECOND),
      };
      for (const [pid, text] of Object.entries(processes)) {
        mkdirSync(join(proc, pid, 'net'), { recursive: true });
        writeFileSync(join(proc, pid, 'net/fib_trie'), text);
      }
      const seen = (pid: number) => vipsSeenHere(plan, { address: own }, pid, proc);
      assert.deepEqual([7, 8, 9, 10, 0].map(seen), [[SECOND], [], undefined, undefined, undefined]);
    } finally {
      rmSync(proc, { recursive: true });
    }
  });

  test('status shows who has which, and that each answers; applications may use any', () => {
    const table = statusTable(plan, whole);
    assert.match(
      table,
      /^VIP 198\.18\.0\.100:6379 \(alpha\) answers, 198\.18\.0\.101:6379 \(alpha\) answers/,
    );
    assert.match(table, /alpha-edge-b +edge \(VIP 198\.18\.0\.101\)/);
    const document = statusDocument(plan, whole, []);
    assert.deepEqual(document.vips, [FIRST, SECOND]);
    assert.match(
      tryIt(plan, new Home('/tmp/none')),
      /connect to 198\.18\.0\.100:6379 or 198\.18\.0\.101:6379/,
    );
  });

  test('the doctor finds the VIP that nobody holds, and the one that keepalived does not know of', () => {
    const vrrp = new Map([
      [
        'alpha-edge-a',
        new Map([
          [FIRST, 'MASTER'],
          [SECOND, 'BACKUP'],
        ]),
      ],
      [
        'alpha-edge-b',
        new Map([
          [FIRST, 'BACKUP'],
          [SECOND, 'BACKUP'],
        ]),
      ],
    ]);
    const found = (status: StackStatus) =>
      examine({ ...wellFacts(plan), status, vrrp, problems: assess(plan, status, ALL) })
        .verdicts.filter(({ check }) => check === 'vip')
        .map(({ what }) => what);
    assert.deepEqual(found(statusWith([FIRST], [])), [
      'no edge holds 198.18.0.101: no application that uses it reaches the stack',
    ]);
    assert.deepEqual(found(whole), [
      'alpha-edge-b has 198.18.0.101 on its device, while keepalived there is BACKUP',
    ]);
  });

  test('each VIP has its alerts; one VIP has those that it always had', () => {
    const watched = shared([FIRST, SECOND], 'monitoring: on\n');
    const of = (some: Plan) => alertsOf(some).filter(({ name }) => name.startsWith('Vip'));
    const [unheld, twice] = of(watched);
    assert.equal(
      unheld.when,
      '(sum by (vip) (twemstack_edge_vip_held{job="vrrp"})' +
        ` or label_replace(vector(0), "vip", "${FIRST}", "", "") or label_replace(vector(0), "vip", "${SECOND}", "", "")) < 1`,
    );
    assert.equal(twice.when, 'sum by (vip) (twemstack_edge_vip_held{job="vrrp"}) > 1');
    assert.match(unheld.summary, /no edge holds \{\{ \$labels\.vip \}\}/);
    const [single] = of(planOf(`name: alpha\nvip: ${FIRST}\nmonitoring: on\n`));
    assert.equal(single.when, '(sum(twemstack_edge_vip_held{job="vrrp"}) or vector(0)) < 1');
  });

  test('the console draws a way from the VIPs through each edge that holds one', () => {
    const state = consoleState(
      plan,
      whole,
      [],
      { events: [], lanes: [] },
      { actions: [], alerts: [], at: 0 },
    );
    assert.deepEqual(state.vips, [FIRST, SECOND]);
    const { boxes, wires, vip } = layOut(state, 1180);
    const begins = wires.filter(({ points }) => points[0][1] === vip.y + vip.height);
    assert.equal(begins.length, 2);
    assert.deepEqual(
      boxes.filter(({ member }) => member.kind === 'edge').map(({ title }) => title),
      [`holds ${FIRST}`, `holds ${SECOND}`],
    );
  });
});

describe('what is done to a stack whose edges share the load', () => {
  test('a drill hits the edge that holds the VIP which its load goes through', () => {
    const status = statusWith([SECOND], [FIRST]);
    assert.equal(vipHolder({ plan, status } as FaultContext), 'alpha-edge-b');
    assert.equal(
      worstDomain(plan, {
        ...status,
        members: status.members.filter(({ member }) => member.role === 'edge'),
      }),
      'b',
    );
  });

  test('an upgrade moves the VIPs off every edge that has one, as long as another edge answers', () => {
    const changes = (domain: string): DomainChanges => {
      const found = plan.domains.find(({ name }) => name === domain);
      if (found === undefined) throw new Error(domain);
      const members = found.members.map((member) => ({ member, action: 'replace', because: [] }));
      return { domain: found, members } as unknown as DomainChanges;
    };
    assert.equal(edgeToRelieve(changes('a'), whole), 'alpha-edge-a');
    assert.equal(edgeToRelieve(changes('b'), whole), 'alpha-edge-b');
    assert.equal(edgeToRelieve(changes('b'), statusWith([FIRST, SECOND], [])), undefined);
    assert.equal(edgeToRelieve(changes('b'), statusWith(undefined, [FIRST, SECOND])), undefined);
  });

  test('a VIP that would get another router id while edges run is refused; one more, or one less, is not', () => {
    const former = routersOf(renderKeepalivedConf(plan, plan.edges[0]));
    assert.deepEqual(former, [
      { address: FIRST, vrid: 51 },
      { address: SECOND, vrid: 52 },
    ]);
    const refused = (some: Plan, said: RegExp) =>
      assert.throws(
        () => refuseOtherRouter(some, 'alpha-edge-a', former),
        (error) => error instanceof InputError && said.test(error.message),
      );
    refused(shared([SECOND, FIRST]), /198\.18\.0\.101 cannot change its place/);
    refused(shared([SECOND]), /198\.18\.0\.101 cannot change its place/);
    refused(shared([FIRST, SECOND], 'edge: {vrid: 52}'), /edge\.vrid cannot change from 51 to 52/);
    refuseOtherRouter(shared([FIRST]), 'alpha-edge-a', former);
    refuseOtherRouter(shared([FIRST, SECOND, '198.18.0.102'], 'edge: {count: 3}'), 'alpha-edge-a', former);
    refuseOtherRouter(shared([FIRST, '198.18.0.102']), 'alpha-edge-a', former);
  });

  test('each VIP that is an address of this machine is in the way', () => {
    const [, , , last] = SECOND.split('.').map(Number);
    const number = ((198 * 256 + 18) * 256 + 0) * 256 + last;
    const [conflict, ...others] = hostConflicts(plan, {
      routes: [],
      addresses: [{ device: 'lo', address: number }],
    });
    assert.match(conflict.what, /virtual IP 198\.18\.0\.101 is an address of this machine/);
    assert.deepEqual(others, []);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { EdgeMember } from '../../../topology/types.ts';
import { EdgePair } from '../../support/edge-pair.ts';
import { killAll } from '../../support/signal-all.ts';
import { waitUntil } from '../../support/wait-until.ts';

const FIRST = '198.18.0.100';
const SECOND = '198.18.0.101';

/** A VIP each, taken over by the other one, and taken back five seconds after an edge is well again. */
describe('two edges share the load of two VIPs', { timeout: 120_000 }, () => {
  let pair: EdgePair;
  let a: EdgeMember;
  let b: EdgeMember;

  before(async () => {
    pair = await EdgePair.create('monitoring: on\n', `vips: [${FIRST}, ${SECOND}]`);
    [a, b] = pair.plan.edges;
    for (const edge of [a, b]) await pair.start(edge);
  });
  after(() => pair.close());

  /** Waits until each VIP has one holder, this one, and serves. */
  const held = (first: EdgeMember, second: EdgeMember) =>
    waitUntil(
      `${FIRST} on ${first.name}, ${SECOND} on ${second.name}`,
      async () => {
        const [ofFirst, ofSecond] = await Promise.all([pair.holders(FIRST), pair.holders(SECOND)]);
        return (
          ofFirst.length === 1 &&
          ofFirst[0] === first &&
          ofSecond.length === 1 &&
          ofSecond[0] === second &&
          (await pair.ask(300, FIRST)) &&
          (await pair.ask(300, SECOND))
        );
      },
      { withinMs: 20_000 },
    );

  const holdings = async (edge: EdgeMember): Promise<Record<string, string>> =>
    Object.fromEntries(
      [
        ...(await pair.opsPage(edge, '/vrrp')).matchAll(/^twemstack_edge_vip_held\{vip="([^"]+)"\} (\d)$/gm),
      ].map(([, vip, value]) => [vip, value]),
    );

  test('each edge holds one, serves through it, and says which', async () => {
    await held(a, b);
    assert.match((await pair.health(a)).stdout, /MASTER of 198.18.0.100/);
    assert.match((await pair.health(a)).stdout, /BACKUP of 198.18.0.101/);
    assert.deepEqual(await holdings(a), { [FIRST]: '1', [SECOND]: '0' });
    assert.deepEqual(await holdings(b), { [FIRST]: '0', [SECOND]: '1' });
    const page = await pair.opsPage(b, '/vrrp');
    assert.match(page, /^twemstack_edge_vrrp_state\{vip="198.18.0.101",state="master"\} 1$/m);
    assert.match(page, /^twemstack_edge_vrrp_state\{vip="198.18.0.100",state="backup"\} 1$/m);
    assert.match(pair.daemon(b).output(), /^twemstack-vrrp \d{13} MASTER 198\.18\.0\.101$/m);
  });

  test('a stray VIP is taken off where another edge holds it, and the one that is held rightly stays', async () => {
    await held(a, b);
    await pair.addAddress(a, SECOND);
    await waitUntil('the stray one to be gone', () =>
      /took 198.18.0.101 off eth1/.test(pair.daemon(a).output()),
    );
    await held(a, b);
    assert.doesNotMatch(pair.daemon(a).output(), /took 198.18.0.100 off/);
  });

  test('one dies: the other one holds both; comes back: each has its own again', async () => {
    await held(a, b);
    killAll(await pair.processes(b));
    await waitUntil('the edge to have ended', () => pair.daemon(b).ended() !== undefined);
    // A container's end takes the address with it; here its lease does, while those of the other edge are renewed.
    await held(a, a);
    await pair.start(b);
    await held(a, b);
  });
});

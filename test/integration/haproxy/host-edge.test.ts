import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HostEdge } from '../../support/host-edge.ts';
import { THREE_HOSTS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** A busy machine takes its time. */
const PATIENT = { withinMs: 30_000 };

describe('an edge on the network of its host', () => {
  let edge: HostEdge;
  before(async () => {
    edge = await HostEdge.create(THREE_HOSTS);
    await edge.start('takes part in the election');
  });
  after(() => edge.close());

  test('holds the VIP on the device of its host, and serves there and nowhere else', async () => {
    await waitUntil(
      'the VIP to be there and serve',
      async () => (await edge.hasVip()) && (await edge.ask(edge.vip)),
      PATIENT,
    );
    assert.equal(await edge.ask(edge.address), false, 'the pool is served on the host itself, too');
    assert.match(await edge.http('/serving'), /200/);
    assert.equal((await edge.health()).exitCode, 0);
  });

  test('gives the VIP up while no other host is in reach, and has it again afterwards', async () => {
    await edge.cutOff();
    await waitUntil('the VIP to be given up', async () => !(await edge.hasVip()), PATIENT);
    assert.match(edge.said(), /cut off: no proxy of another host answers/);
    assert.match(await edge.http('/serving'), /503/);
    assert.match(await edge.http('/healthz'), /200/, 'its own proxy is there all the time');
    await edge.reconnect();
    await waitUntil(
      'the VIP to be back',
      async () => (await edge.hasVip()) && (await edge.ask(edge.vip)),
      PATIENT,
    );
    assert.match(edge.said(), /other hosts are in reach again/);
  });

  test('takes a VIP off that was left behind, before it serves', async () => {
    await edge.kill();
    await edge.addVip();
    await edge.start('HAProxy serves');
    assert.match(edge.said(), new RegExp(`took ${edge.vip} off eth0[^]*HAProxy serves`));
  });
});

describe('an edge to which others lead applications', () => {
  let edge: HostEdge;
  before(async () => {
    edge = await HostEdge.create(`${THREE_HOSTS}entrance: external\n`);
    await edge.addVip();
    await edge.start('HAProxy serves');
  });
  after(() => edge.close());

  test('serves on its host, runs no keepalived, and says whether it serves', async () => {
    await waitUntil('the pool to be served', () => edge.ask(edge.address), PATIENT);
    await waitUntil('/serving to say so', async () => /200/.test(await edge.http('/serving')), PATIENT);
    assert.deepEqual(await edge.running('keepalived'), []);
    const { exitCode, stdout } = await edge.health();
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /external/);
  });

  test('leaves the address alone that others put there, at its start and at its end', async () => {
    assert.equal(await edge.hasVip(), true);
    await edge.stop();
    assert.equal(await edge.hasVip(), true);
  });
});

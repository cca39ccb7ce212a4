import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EdgePair } from '../../support/edge-pair.ts';
import { signalAll } from '../../support/signal-all.ts';
import { waitUntil } from '../../support/wait-until.ts';

let pair: EdgePair;

before(async () => {
  pair = await EdgePair.create();
  for (const edge of pair.plan.edges) await pair.start(edge);
});
after(() => pair?.close());

test('an edge that lives on without the VIP ends what had come through it, so that a client on the same port is not taken for that', async () => {
  const { holder: old } = await pair.serving();
  const clients = await pair.connect(3);
  assert.equal((await pair.connectionsThroughVip(old)).length, 3);
  const hung = await pair.pids(old, 'haproxy');
  signalAll(hung, 'SIGSTOP');
  try {
    await pair.serving(old);
    // What they say to the old one now, the new one answers.
    await clients.leave();
  } finally {
    signalAll(hung, 'SIGCONT');
  }
  await waitUntil(
    'none of them to be left',
    async () => (await pair.connectionsThroughVip(old)).length === 0,
  );
  assert.equal(pair.daemon(old).ended(), undefined);
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { renderSentinelFiles } from '../../../sentinel/files.ts';
import { defaultPlan, inTemporaryFolder, TEST_CREDENTIALS } from '../../support/stack-fixture.ts';

const plan = defaultPlan();
const [sentinel, peer] = plan.sentinels;
const [first, second, third] = plan.shards[0].members;

/** What redis-sentinel itself wrote after a failover, as far as it matters. */
const REMEMBERED = `port 26379
sentinel myid 0000000000000000000000000000000000000000
sentinel monitor shard-1 ${second.address} 6379 2
sentinel down-after-milliseconds shard-1 9999
sentinel config-epoch shard-1 7
sentinel leader-epoch shard-1 8
sentinel known-replica shard-1 ${first.address} 6379
sentinel known-replica shard-1 ${third.address} 6379
sentinel known-replica shard-1 198.18.0.99 6379
sentinel known-sentinel shard-1 ${peer.address} ${peer.port} ${peer.runId}
sentinel known-sentinel shard-1 198.18.0.98 26379 ${'a'.repeat(40)}
sentinel known-sentinel shard-1 ${plan.sentinels[2].address} 26379 ${'b'.repeat(40)}
sentinel monitor departed 198.18.0.97 6379 2
sentinel config-epoch departed 3
sentinel current-epoch 9
`;

/** The live configuration that follows from the seed and `remembered`. */
async function carried(remembered: string): Promise<string> {
  return await inTemporaryFolder((folder) => {
    for (const { name, content } of renderSentinelFiles(plan, sentinel, TEST_CREDENTIALS)) {
      writeFileSync(join(folder, name), content);
    }
    writeFileSync(join(folder, 'old.conf'), remembered);
    const script = `set -euo pipefail; seed='${folder}'; source "$seed/facts.env"
      declare -A master=() config_epoch=() leader_epoch=() known=() origin=(); current_epoch=0
      source sentinel/image/lib/former.sh
      source sentinel/image/lib/carry.sh
      carry_over "$seed/old.conf"
      live_configuration`;
    return execFileSync('bash', ['-c', script], { encoding: 'utf8' });
  });
}

describe('a sentinel remembers', () => {
  test('who is master now, the epochs, and its peers', async () => {
    const live = await carried(REMEMBERED);
    assert.match(live, new RegExp(`^sentinel monitor shard-1 ${second.address} 6379 2$`, 'm'));
    for (const line of [
      'sentinel config-epoch shard-1 7',
      'sentinel leader-epoch shard-1 8',
      `sentinel known-replica shard-1 ${first.address} 6379`,
      `sentinel known-replica shard-1 ${third.address} 6379`,
      `sentinel known-sentinel shard-1 ${peer.address} ${peer.port} ${peer.runId}`,
      'sentinel current-epoch 9',
    ]) {
      assert.ok(live.includes(`\n${line}\n`), line);
    }
  });

  test('what it knew while the stack had one network, where the members are now', async () => {
    const then = (text: string): string =>
      [...plan.shards.flatMap(({ members }) => members), ...plan.sentinels].reduce(
        (all, { address, formerAddress }) => all.replaceAll(`${address} `, `${formerAddress} `),
        text,
      );
    assert.notEqual(then(REMEMBERED), REMEMBERED);
    assert.equal(await carried(then(REMEMBERED)), await carried(REMEMBERED));
  });

  test('nothing that left the stack, and no setting: those are the seed’s', async () => {
    const live = await carried(REMEMBERED);
    assert.doesNotMatch(live, /198\.18\.0\.9[789]|departed|9999|bbbbbb/);
    assert.match(live, new RegExp(`^sentinel myid ${sentinel.runId}$`, 'm'));
    assert.match(live, /^sentinel down-after-milliseconds shard-1 1000$/m);
  });

  test('no replica that is master now', async () => {
    const live = await carried(`${REMEMBERED}sentinel known-replica shard-1 ${second.address} 6379\n`);
    assert.doesNotMatch(live, new RegExp(`known-replica shard-1 ${second.address} `));
  });

  test('a shard it has not met starts at the seed’s master', async () => {
    const live = await carried(REMEMBERED);
    const { address } = plan.shards[1].initialMaster;
    assert.match(live, new RegExp(`^sentinel monitor shard-2 ${address} 6379 2$`, 'm'));
    assert.doesNotMatch(live, /config-epoch shard-2/);
  });

  test('a master that left the stack is not watched any more', async () => {
    const live = await carried(
      REMEMBERED.replace(`shard-1 ${second.address} 6379 2`, 'shard-1 198.18.0.96 6379 2'),
    );
    assert.match(live, new RegExp(`^sentinel monitor shard-1 ${first.address} 6379 2$`, 'm'));
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routingOf } from '../../../scripts/data/key-moves.ts';
import { renderNutcrackerYml } from '../../../scripts/render/nutcracker-yml.ts';
import { demandSamePorts } from '../../../scripts/rollout/same-ports.ts';
import { hostsPlanOf, THREE_HOSTS } from '../../support/stack-fixture.ts';

const SHARDS = 'shards: [{ name: s }, { name: t }]\n';
const POOLS = 'pools: { p: { listen: 6379 }, q: { listen: 6380 } }\n';
const former = routingOf(renderNutcrackerYml(hostsPlanOf(`${THREE_HOSTS}${SHARDS}${POOLS}`)));

for (const [edit, moves] of [
  [`${SHARDS}${POOLS}`, undefined],
  [`shards: [{ name: s }, { name: t }, { name: u }]\n${POOLS}`, undefined],
  [`${SHARDS}pools: { p: { listen: 6379 } }\n`, undefined],
  [`${SHARDS}${POOLS}ports: 7100\n`, 'pool p: 7010 -> 7110 (+3 more)'],
  [`${SHARDS}pools: { q: { listen: 6380 } }\n`, 'pool q: 7011 -> 7010'],
  [`${SHARDS}pools: { q: { listen: 6380 }, p: { listen: 6379 } }\n`, 'pool p: 7010 -> 7011 (+1 more)'],
  [`shards: [{ name: t }, { name: s }]\n${POOLS}`, 'shard s: 7020 -> 7021 (+1 more)'],
] as const) {
  test(`${edit.trim().replaceAll('\n', '; ')}: ${moves === undefined ? 'no port moves' : 'refused, for ports would move'}`, () => {
    const demand = (): void => demandSamePorts(hostsPlanOf(`${THREE_HOSTS}${edit}`), former);
    if (moves === undefined) demand();
    else
      assert.throws(
        demand,
        (error: Error & { where?: string }) =>
          /ports of members cannot change while the stack stands/.test(error.message) &&
          error.where === moves,
      );
  });
}

test('where nobody knows how it was, nothing is refused', () => {
  demandSamePorts(hostsPlanOf(`${THREE_HOSTS}ports: 7100\n`), undefined);
});

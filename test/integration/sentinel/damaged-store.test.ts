import assert from 'node:assert/strict';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { examine } from '../../../scripts/doctor/examine.ts';
import type { RedisMember } from '../../../topology/types.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { wellFacts } from '../../support/well-stack.ts';

type Damage = (folder: string) => void;

const fileOf = (folder: string, ending: string): string =>
  join(folder, readdirSync(folder).find((name) => name.endsWith(ending)) ?? `no file that ends in ${ending}`);

const overwrite = (file: string, at: number, text: string): void => {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, text, at);
  closeSync(descriptor);
};

/** Whatever redis cannot load. */
const BEYOND_REPAIR: ReadonlyArray<[string, Damage]> = [
  [
    'the middle of its AOF',
    (folder) => {
      const incr = fileOf(folder, '.incr.aof');
      // Over the length of an element.
      overwrite(incr, readFileSync(incr).indexOf('$', statSync(incr).size / 2), 'GARBAGE');
    },
  ],
  ['the middle of its base', (folder) => overwrite(fileOf(folder, '.base.rdb'), 300, 'GARBAGE!'.repeat(20))],
  ['its base, cut short', (folder) => truncateSync(fileOf(folder, '.base.rdb'), 200)],
  ['its base, gone', (folder) => rmSync(fileOf(folder, '.base.rdb'))],
  ['its manifest', (folder) => writeFileSync(fileOf(folder, '.manifest'), 'file x\n')],
  ['its manifest, empty', (folder) => writeFileSync(fileOf(folder, '.manifest'), '')],
  ['its manifest, gone', (folder) => rmSync(fileOf(folder, '.manifest'))],
];

/** A shard of three; each test damages the store of a member that is down, and leaves the shard whole. */
describe('a damaged store', { timeout: 300_000 }, () => {
  let tier: NativeTier;
  const KEYS = 300;

  before(async () => {
    tier = await NativeTier.started('redis: { appendfsync: always }\n');
    const master = await tier.settled(2);
    for (let i = 0; i < KEYS / 2; i++)
      await tier.call(master, 'operator', 'SET', `key${i}`, `value${i}`.repeat(9));
    // So that every member has a base with data, and something behind it.
    for (const member of tier.redises) await tier.call(member, 'operator', 'BGREWRITEAOF');
    for (const member of tier.redises) {
      await waitUntil('its base', () => statSync(fileOf(tier.appendOnly(member), '.base.rdb')).size > 500);
    }
    for (let i = KEYS / 2; i < KEYS; i++)
      await tier.call(master, 'operator', 'SET', `key${i}`, `value${i}`.repeat(9));
  });
  after(() => tier?.close());

  async function assertWhole(): Promise<RedisMember> {
    const master = await tier.settled(2, 60_000);
    for (const member of tier.redises) {
      await waitUntil(
        `all keys on ${member.name}`,
        async () => (await tier.call(member, 'operator', 'DBSIZE')) === KEYS,
      );
    }
    return master;
  }

  const said = (member: RedisMember): string =>
    tier
      .decisions(member)
      .map(({ text }) => text)
      .join('\n');

  /** One that is still loading calls itself master, too, and answers nothing else. */
  const servesAsMaster = async (member: RedisMember): Promise<boolean> =>
    (await tier.roleOf(member)) === 'master' &&
    (await tier.call(member, 'operator', 'PING').catch(() => 'LOADING')) === 'PONG';

  for (const [what, damage] of BEYOND_REPAIR) {
    test(`of a replica, ${what}: kept aside, and everything comes from the master`, async () => {
      const master = await assertWhole();
      const [replica] = tier.redises.filter(({ name }) => name !== master.name);
      await tier.kill(replica);
      damage(tier.appendOnly(replica));
      await tier.start(replica);
      assert.equal((await assertWhole()).name, master.name);
      const kept = readdirSync(tier.volume(replica)).filter((name) => name.startsWith('store.damaged-'));
      assert.equal(kept.length, 1, 'the last one, and no other');
      assert.match(kept[0], /^store\.damaged-\d{8}T\d{6}Z$/);
    });
  }

  test('of a master, its middle: a replica that has the data takes its place; it never starts with a part, or with nothing', async () => {
    const master = await assertWhole();
    await tier.kill(master);
    BEYOND_REPAIR[0][1](tier.appendOnly(master));
    await tier.start(master);
    const successor = await assertWhole();
    assert.notEqual(successor.name, master.name);
  });

  for (const [what, tail] of [
    ['cut short', (file: string) => truncateSync(file, statSync(file).size - 7)],
    ['ending in zeros', (file: string) => writeFileSync(file, Buffer.alloc(5000), { flag: 'a' })],
  ] as const)
    test(`of all members, ${what}: loaded without that tail`, async () => {
      const master = await assertWhole();
      await tier.call(master, 'operator', 'SET', 'last', 'is cut');
      await tier.kill(...tier.redises, ...tier.sentinels);
      for (const member of tier.redises) tail(fileOf(tier.appendOnly(member), '.incr.aof'));
      await tier.start(...tier.sentinels, ...tier.redises);
      const again = await tier.settled(2, 60_000);
      await tier.call(again, 'operator', 'DEL', 'last');
      await assertWhole();
    });

  test('of all members, their middle: nobody starts as master without data, and says what is to be done', async () => {
    await assertWhole();
    await tier.kill(...tier.redises);
    for (const member of tier.redises) BEYOND_REPAIR[0][1](tier.appendOnly(member));
    await tier.start(...tier.redises);
    const masters = new Set<string>();
    await waitUntil(
      'all of them to say that their store does not load',
      async () => {
        await tier.restartEnded();
        for (const member of tier.redises) if (await servesAsMaster(member)) masters.add(member.name);
        return tier.redises.every((member) => /my store does not load/.test(said(member)));
      },
      { withinMs: 30_000 },
    );
    assert.deepEqual([...masters], [], tier.logs());
    // What doctor goes by is what they say.
    const lastLines = new Map(
      tier.redises.map((member) => [
        member.name,
        tier.daemon(member).output().trimEnd().split('\n').slice(-40),
      ]),
    );
    const { verdicts } = examine({ ...wellFacts(tier.plan), lastLines });
    assert.deepEqual(
      verdicts.filter(({ check }) => check === 'broken-store').map(({ subjects }) => subjects[0]),
      tier.redises.map(({ name }) => name),
    );
  });
});

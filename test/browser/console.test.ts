import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { pageFiles } from '../../console/bundle.ts';
import type { Board } from '../../console/feed.ts';
import { type RunningConsole, startConsole } from '../../console/server.ts';
import { openPage, startBrowser, type WatchedPage } from '../support/browser.ts';
import { boardOf, degradedState, samples, wholeState } from '../support/console-scene.ts';
import { assertLegible } from './page-checks.ts';

describe('the console in a browser', () => {
  const state = degradedState();
  const begun: string[] = [];
  let board: Board;
  let running: RunningConsole;
  let browser: Browser;
  let watched: WatchedPage;

  before(async () => {
    board = boardOf(state);
    running = await startConsole({
      feed: board,
      shards: state.shards,
      page: await pageFiles(),
      port: 0,
      desk: {
        slowRequests: async (shard) => [
          { member: `alpha-${shard}-a`, at: 0, milliseconds: 12.3, command: 'SORT, 4 arguments' },
        ],
        bigKeys: async (shard) => ({
          shard,
          member: `alpha-${shard}-b`,
          looked: 3,
          keys: [{ key: '<b>cart</b>', type: 'hash', bytes: 2048 }],
        }),
        begin: (action) => {
          begun.push(action);
          return undefined;
        },
      },
    });
    browser = await startBrowser();
    watched = await openPage(browser);
    await watched.look(1280, 'light');
    await watched.page.goto(running.link());
    await watched.page.locator('svg').first().waitFor();
  });
  after(async () => {
    await browser?.close();
    await running?.end();
  });

  const text = (): Promise<string> => watched.page.locator('body').innerText();

  test('it asks for nothing but itself, has nothing to complain about, and the link’s word is gone from its address', () => {
    const origin = `http://127.0.0.1:${running.port}`;
    assert.deepEqual(
      watched.requests.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith('data:')),
      [],
    );
    assert.deepEqual(watched.console, []);
    assert.equal(watched.page.url(), `${origin}/`);
  });

  test('the operator sees what is wrong, who is what, and what it is like', async () => {
    const shown = await text();
    for (const expected of [
      'degraded',
      'alpha-shard-1-a no container',
      'holds the VIP',
      '120,034 keys',
      'lag 1.5 KiB',
      'p99',
      'master is alpha-shard-1-b',
      'nothing is the matter',
      'shard-1 has 1 of 2 replicas',
    ])
      assert.ok(shown.includes(expected), expected);
  });

  test('what its monitors raise stands there with what to type', async () => {
    const alerts = watched.page.getByRole('region', { name: 'Alerts' });
    assert.match(
      await alerts.innerText(),
      /ReplicaMissing warning since \d\d:\d\d:\d\d: shard-1 has 1 of 2 replicas/,
    );
    assert.equal(await alerts.locator('code').innerText(), 'npx twemstack doctor');
  });

  for (const scheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      test(`${scheme}, ${width} wide: no text is cut off, stands on another, or is hard to read; axe has no complaint`, async () => {
        await assertLegible(watched, width, scheme);
      });
    }
  }

  test('from the keyboard: a member is reached, opened and closed again', async () => {
    await watched.look(1280, 'light');
    const member = watched.page.getByRole('button', { name: /alpha-shard-1-b/ });
    await member.focus();
    await watched.page.keyboard.press('Enter');
    const details = watched.page.getByRole('complementary');
    await details.waitFor();
    assert.match(await details.innerText(), /redis 7\.0\.15/);
    assert.deepEqual(await watched.complaints(), []);
    await watched.page.keyboard.press('Space');
    await details.waitFor({ state: 'detached' });
  });

  test('slow requests and the largest keys come when asked for, and a key’s name is text', async () => {
    await watched.page.getByRole('button', { name: 'slow requests of shard-1' }).click();
    await watched.page.getByText('SORT, 4 arguments').waitFor();
    await watched.page.getByRole('button', { name: 'largest keys of shard-2' }).click();
    await watched.page.getByText('<b>cart</b>').waitFor();
    assert.deepEqual(await watched.complaints(), []);
  });

  test('an action is asked about once more, then begun, and its lines are shown', async () => {
    await watched.page.getByRole('button', { name: 'switchover shard-1' }).click();
    const asked = watched.page.getByRole('alertdialog');
    assert.match(await asked.innerText(), /twemstack switchover shard-1/);
    await asked.getByRole('button', { name: 'no' }).click();
    assert.deepEqual(begun, []);
    await watched.page.getByRole('button', { name: 'switchover shard-1' }).click();
    await asked.getByRole('button', { name: 'yes, begin' }).click();
    board.tell({ kind: 'action', body: { action: 'switchover shard-1', line: 'alpha-shard-1-b is master' } });
    await watched.page.getByText('alpha-shard-1-b is master').waitFor();
    await watched.page.getByRole('button', { name: 'backup', exact: true }).click();
    await asked.getByRole('button', { name: 'yes, begin' }).click();
    await asked.waitFor({ state: 'detached' });
    assert.deepEqual(begun, ['switchover shard-1', 'backup']);
  });

  test('it lives: what changes is there without a reload', async () => {
    board.tell({ kind: 'state', body: { ...wholeState(), at: state.at + 5000 } });
    await watched.page.getByText('healthy', { exact: true }).first().waitFor();
    await watched.page.getByText('This console looks and changes nothing.').waitFor();
    assert.equal(await watched.page.getByRole('region', { name: 'Alerts' }).count(), 0, 'it has no monitor');
    board.tell({ kind: 'state', body: { ...wholeState(), at: state.at + 5000, alerts: 'silent' } });
    await watched.page.getByText('No monitor of the stack answers').waitFor();
    const [sample] = samples(1);
    const pools = { alpha: { ...sample.pools.alpha, clients: 4321 } };
    board.tell({ kind: 'sample', body: { ...sample, at: state.at + 5000, pools } });
    await watched.page.getByText('4321 clients').waitFor();
  });

  test('how long requests take is told of each shard; of more than lines can be told apart, in a table', async () => {
    const pool = watched.page.getByRole('region', { name: 'pool alpha', exact: true });
    const slow = pool.getByRole('figure').filter({ hasText: 'p99 of each shard' });
    assert.match(await slow.innerText(), /shard-1 1\.7 ms\s+shard-2 2\.7 ms/);
    const shards = Array.from({ length: 6 }, (_, index) => `shard-${index + 1}`);
    const pools = wholeState().pools.map((each) => ({ ...each, shards }));
    board.tell({ kind: 'state', body: { ...wholeState(), at: state.at + 6000, pools } });
    const table = watched.page.getByRole('region', { name: 'figures of each shard of alpha' });
    assert.match(await table.innerText(), /shard-2\t[\d,.]+\t0\.31 ms\t2\.7 ms\nshard-3\t–\t–\t–/);
    await assertLegible(watched, 390, 'light');
  });

  test('when the console has ended the page says that what it shows is old', async () => {
    await running.end();
    await watched.page.getByText('The console does not answer').waitFor();
  });
});

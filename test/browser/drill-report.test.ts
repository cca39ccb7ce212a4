import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import type { DrillDocument } from '../../scripts/drill/report/document.ts';
import { renderHtml } from '../../scripts/drill/report/html/page.ts';
import { openPage, startBrowser, type WatchedPage } from '../support/browser.ts';
import { assertLegible, CLIPPED, FAINT } from './page-checks.ts';

/** What `twemstack drill kill-domain all-replicas-gone --json` printed on a real stack. */
const RECORDED = 'test/golden/drill-report.json';

describe('the drill report in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-report-'));
  const file = join(folder, 'report.html');
  const printed = JSON.parse(readFileSync(RECORDED, 'utf8')) as DrillDocument;
  // As on a stack that is monitored.
  const alerts = [
    { alert: 'RedisDown', named: true, raised: 16_700, over: 24_100 },
    { alert: 'LatencyBudgetBurnt', named: false, raised: 20_000, over: null },
  ];
  const recorded: DrillDocument = {
    ...printed,
    rounds: printed.rounds.map((round, index) => (index === 0 ? { ...round, alerts } : round)),
  };
  let browser: Browser;
  let watched: WatchedPage;

  before(async () => {
    writeFileSync(file, renderHtml(recorded));
    browser = await startBrowser();
    watched = await openPage(browser);
    await watched.look(1280, 'light');
    await watched.page.goto(pathToFileURL(file).href);
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  test('it asks for nothing but itself, and the browser has nothing to complain about', () => {
    assert.deepEqual(watched.requests, [pathToFileURL(file).href]);
    assert.deepEqual(watched.console, []);
  });

  test('the reader sees every drill, its verdict, its figures and its picture', async () => {
    const text = await watched.page.evaluate<string>('document.body.innerText');
    for (const { drill, summary, promises } of recorded.drills) {
      assert.ok(text.includes(drill) && text.includes(summary), drill);
      for (const { promise } of promises) assert.ok(text.includes(promise), promise);
    }
    const drawings = await watched.page.evaluate<number[]>(
      `[...document.querySelectorAll('svg')].map((svg) => svg.querySelector('.ok').getBoundingClientRect().width)`,
    );
    assert.equal(drawings.length, recorded.rounds.length);
    assert.equal(await watched.page.locator('svg .alert').count(), alerts.length);
    assert.ok(
      drawings.every((width) => width > 700),
      `bars are ${drawings.join(', ')} wide`,
    );
  });

  for (const scheme of ['light', 'dark'] as const) {
    for (const width of [1280, 400]) {
      test(`${scheme}, ${width} wide: no text is cut off, stands on another, or is hard to read; axe has no complaint`, async () => {
        await assertLegible(watched, width, scheme);
        const ends = await watched.page.evaluate<number[]>(
          `[...document.querySelectorAll('td .badge')].map((verdict) => verdict.getBoundingClientRect().right)`,
        );
        assert.ok(Math.max(...ends) < width, 'a verdict has to be scrolled to');
      });
    }
  }

  test('with everything unfolded it is still readable, and the events are there', async () => {
    await watched.look(1280, 'light');
    const unfolded = `for (const summary of document.querySelectorAll('summary')) summary.click()`;
    await watched.page.evaluate(unfolded);
    const events = await watched.page.evaluate<number>(
      `[...document.querySelectorAll('table[aria-label=Events] tbody tr')].filter((row) => row.checkVisibility()).length`,
    );
    assert.equal(
      events,
      recorded.rounds.reduce((sum, { timeline }) => sum + timeline.length, 0),
    );
    assert.deepEqual(await watched.page.evaluate(CLIPPED), []);
    assert.deepEqual(await watched.page.evaluate(FAINT), []);
    await watched.page.evaluate(unfolded);
  });

  test('who prefers dark gets it dark: another picture, on another ground', async () => {
    const ground = `getComputedStyle(document.body).backgroundColor`;
    await watched.look(1280, 'light');
    const light = {
      ground: await watched.page.evaluate<string>(ground),
      picture: await watched.page.screenshot({ fullPage: true }),
    };
    await watched.look(1280, 'dark');
    const dark = {
      ground: await watched.page.evaluate<string>(ground),
      picture: await watched.page.screenshot({ fullPage: true }),
    };
    assert.equal(light.ground, 'rgb(255, 255, 255)');
    assert.notEqual(dark.ground, light.ground);
    for (const { picture } of [light, dark]) assert.ok(picture.length > 50_000, `${picture.length} bytes`);
    assert.notDeepEqual(dark.picture, light.picture);
  });
});

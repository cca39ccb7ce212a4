import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findProgram } from '../../scripts/prepare/platform.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A headless Chromium: Debian's, not one of playwright's own. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: findProgram('chromium') ?? 'chromium',
    // The tests run as root, and open nothing but pages of ours.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });

export type Scheme = 'light' | 'dark';

/** One page, and what it did that a test may want to know. */
export interface WatchedPage {
  readonly page: Page;
  /** Addresses that it asked for. */
  readonly requests: readonly string[];
  /** Errors, warnings and everything else that it said on its console. */
  readonly console: readonly string[];
  /** As on a screen of this width, of somebody who prefers this colour scheme. */
  look(width: number, scheme: Scheme): Promise<void>;
  /** What axe-core has to complain about (WCAG 2 A and AA, and its best practices), a line each; [] when nothing. */
  complaints(): Promise<string[]>;
}

const HEIGHT = 900;

export async function openPage(browser: Browser): Promise<WatchedPage> {
  // axe is put into the page by the test; the page's own policy is tested by what the server says.
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  const requests: string[] = [];
  const said: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  return {
    page,
    requests,
    console: said,
    async look(width, scheme) {
      await page.setViewportSize({ width, height: HEIGHT });
      await page.emulateMedia({ colorScheme: scheme });
    },
    async complaints() {
      await page.evaluate(AXE);
      return page.evaluate<string[]>(`axe.run().then(({ violations }) => violations.flatMap(
        ({ id, help, nodes }) => nodes.map(({ target }) => id + ': ' + help + ': ' + target.join(' '))))`);
    },
  };
}

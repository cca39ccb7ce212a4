import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { findProgram } from '../../scripts/prepare/platform.ts';

/** A message of the DevTools protocol: an answer (id) or an event (method). */
interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

interface Waiting {
  readonly resolve: (result: Readonly<Record<string, unknown>>) => void;
  readonly reject: (error: Error) => void;
}

const FLAGS = [
  '--headless=new',
  // The tests run as root, and open nothing but pages of ours.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--hide-scrollbars',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--remote-debugging-pipe',
];

/** A headless Chromium, led through its DevTools pipe: no port, no WebSocket. */
export class Chromium {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<string, (message: Message) => void>();
  #count = 0;

  private constructor(program: string) {
    this.#profile = mkdtempSync(join(tmpdir(), 'twemstack-chromium-'));
    this.#process = spawn(program, [...FLAGS, `--user-data-dir=${this.#profile}`], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    let rest = '';
    (this.#process.stdio[4] as Readable).setEncoding('utf8').on('data', (chunk: string) => {
      const messages = (rest + chunk).split('\0');
      rest = messages.pop() ?? '';
      for (const text of messages) this.#hear(JSON.parse(text) as Message);
    });
    this.#process.once('error', (error) => this.#fail(error));
    this.#process.once('exit', (code) => this.#fail(new Error(`chromium ended with ${code}`)));
  }

  static async start(): Promise<Chromium> {
    const chromium = new Chromium(findProgram('chromium') ?? 'chromium');
    await chromium.send('Browser.getVersion');
    return chromium;
  }

  /** Opens an empty page. */
  async page(): Promise<Page> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    return Page.begin(this, String(sessionId));
  }

  /** Asks, and returns the answer; `session`: of which page. */
  send(method: string, params = {}, sessionId?: string): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#count;
    (this.#process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  listen(sessionId: string, listener: (message: Message) => void): void {
    this.#listeners.set(sessionId, listener);
  }

  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    // Its answer may be cut short by what it does.
    await this.send('Browser.close').catch(() => undefined);
    await gone;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #hear({ id, sessionId, result, error, ...event }: Message): void {
    if (id === undefined) {
      this.#listeners.get(sessionId ?? '')?.(event);
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result ?? {});
    else waiting?.reject(new Error(error.message));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}

/** One page, and what it did that a test may want to know. */
export class Page {
  /** Addresses it asked for. */
  readonly requests: string[] = [];
  /** Errors, warnings and everything else it said on its console. */
  readonly console: string[] = [];
  readonly #browser: Chromium;
  readonly #session: string;
  #loaded: () => void = () => undefined;

  private constructor(browser: Chromium, session: string) {
    this.#browser = browser;
    this.#session = session;
    browser.listen(session, ({ method, params = {} }) => {
      if (method === 'Network.requestWillBeSent')
        this.requests.push((params.request as { readonly url: string }).url);
      if (method === 'Page.loadEventFired') this.#loaded();
      if (/^(Log\.entryAdded|Runtime\.(consoleAPICalled|exceptionThrown))$/.test(method ?? ''))
        this.console.push(JSON.stringify(params));
    });
  }

  static async begin(browser: Chromium, session: string): Promise<Page> {
    const page = new Page(browser, session);
    for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await page.#send(`${domain}.enable`);
    return page;
  }

  /** Returns when the page and all it asks for is there. */
  async open(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => {
      this.#loaded = resolve;
    });
    await this.#send('Page.navigate', { url });
    await loaded;
  }

  /** As on a screen of this width, of somebody who prefers this colour scheme. */
  async look(width: number, scheme: 'light' | 'dark'): Promise<void> {
    const metrics = { width, height: 900, deviceScaleFactor: 1, mobile: false };
    await this.#send('Emulation.setDeviceMetricsOverride', metrics);
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await this.#send('Emulation.setEmulatedMedia', { features });
  }

  /** Value of a JavaScript expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.#send('Runtime.evaluate', { expression, returnByValue: true });
    const { result, exceptionDetails } = answer as {
      result: { value: T };
      exceptionDetails?: { exception?: { description?: string } };
    };
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? 'the expression failed');
    return result.value;
  }

  /** The whole page as PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.#send('Page.captureScreenshot', { captureBeyondViewport: true });
    return Buffer.from(String(data), 'base64');
  }

  #send(method: string, params = {}): Promise<Readonly<Record<string, unknown>>> {
    return this.#browser.send(method, params, this.#session);
  }
}

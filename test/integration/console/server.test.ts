import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { type RunningConsole, startConsole } from '../../../console/server.ts';
import { boardOf, wholeState } from '../../support/console-scene.ts';

/* Who gets in, and what the others learn: nothing. */

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

describe('the console’s server', () => {
  const state = wholeState();
  const begun: string[] = [];
  let running: RunningConsole;
  before(async () => {
    running = await startConsole({
      feed: boardOf(state, 3),
      shards: state.shards,
      page: { html: '<p>page</p>', script: 'script', style: 'style' },
      port: 0,
      desk: {
        slowRequests: async (shard) => [
          { member: shard, at: 0, milliseconds: 12, command: 'GET, 1 arguments' },
        ],
        bigKeys: async () => {
          throw new Error('no member answers');
        },
        begin: (action) => (begun.push(action) > 1 ? 'one at a time' : undefined),
      },
    });
  });
  after(() => running?.end());

  /** fetch sets Host and Origin by itself. */
  function ask(
    path: string,
    headers: Record<string, string> = {},
    method = 'GET',
    body?: string,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { port } = running;
      const asked = httpRequest({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: text, headers: answer.headers }),
        );
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }
  const pathOf = (link: string): string => link.slice(link.indexOf('/?'));
  async function enter(): Promise<string> {
    const { status, headers } = await ask(pathOf(running.link()));
    assert.equal(status, 303);
    return String(headers['set-cookie']).split(';')[0];
  }

  test('without its link: nothing, whatever is asked for', async () => {
    for (const path of [
      '/',
      '/page.js',
      '/events',
      '/shards/shard-1/slow',
      '/nothing',
      '/?link=',
      '/?link=wrong',
    ]) {
      const { status, body } = await ask(path);
      assert.equal(status, 403, path);
      assert.ok(!body.includes(state.stack) && !body.includes('page'), body);
    }
  });

  test('a link is good once; its cookie stays with the browser, out of scripts’ and other sites’ reach', async () => {
    const path = pathOf(running.link());
    const first = await ask(path);
    assert.equal(first.status, 303);
    assert.equal(first.headers.location, '/');
    assert.match(String(first.headers['set-cookie']), /; Path=\/; HttpOnly; SameSite=Strict$/);
    assert.equal((await ask(path)).status, 403);
  });

  test('with the cookie: the page, and nothing may be loaded from elsewhere', async () => {
    const cookie = await enter();
    const { status, body, headers } = await ask('/', { cookie });
    assert.deepEqual([status, body], [200, '<p>page</p>']);
    assert.match(String(headers['content-security-policy']), /default-src 'none'/);
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal((await ask('/shards/shard-1/slow', { cookie })).status, 200);
    const failed = await ask('/shards/shard-1/keys', { cookie });
    assert.deepEqual([failed.status, JSON.parse(failed.body)], [502, { error: 'no member answers' }]);
    assert.equal((await ask('/shards/other/slow', { cookie })).status, 404);
  });

  test('another host’s name, another origin, another site: refused, cookie or not', async () => {
    const cookie = await enter();
    const strangers: Record<string, string>[] = [
      { host: `attacker.example:${running.port}` },
      { host: `127.0.0.1:${running.port + 1}` },
      { origin: 'http://attacker.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const stranger of strangers)
      assert.equal((await ask('/', { cookie, ...stranger })).status, 403, JSON.stringify(stranger));
  });

  test('an action: only from the page itself, only in JSON, and what is refused is said', async () => {
    const cookie = await enter();
    const json = { 'content-type': 'application/json' };
    const origin = `http://127.0.0.1:${running.port}`;
    const body = '{"action":"switchover shard-1"}';
    assert.equal((await ask('/actions', { cookie, ...json }, 'POST', body)).status, 403);
    assert.equal((await ask('/actions', { origin, ...json }, 'POST', body)).status, 403);
    const form = { cookie, origin, 'content-type': 'text/plain' };
    assert.equal((await ask('/actions', form, 'POST', body)).status, 400);
    assert.equal(
      (await ask('/actions', { cookie, origin, ...json }, 'POST', `{"x":"${'x'.repeat(2000)}"}`)).status,
      413,
    );
    assert.deepEqual(begun, []);
    assert.equal((await ask('/actions', { cookie, origin, ...json }, 'POST', body)).status, 202);
    const second = await ask('/actions', { cookie, origin, ...json }, 'POST', body);
    assert.deepEqual([second.status, JSON.parse(second.body)], [409, { error: 'one at a time' }]);
  });

  test('the news: what is known first, then what happens', async () => {
    const cookie = await enter();
    const text = await new Promise<string>((resolve, reject) => {
      const asked = httpRequest(
        { host: '127.0.0.1', port: running.port, path: '/events', headers: { cookie } },
        (answer) => {
          let all = '';
          answer.setEncoding('utf8').on('data', (chunk: string) => {
            all += chunk;
            if (all.split('event: sample').length < 4) return;
            asked.destroy();
            resolve(all);
          });
        },
      );
      asked.on('error', reject);
      asked.end();
    });
    const [first] = text.split('\n\n');
    assert.match(first, /^event: state\ndata: /);
    assert.equal(JSON.parse(first.split('\ndata: ')[1]).stack, state.stack);
  });
});

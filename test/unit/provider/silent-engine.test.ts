import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Engine } from '../../../provider/docker/engine.ts';
import { waitUntil } from '../../support/wait-until.ts';

const ASK_MS = 50;

describe('a request that takes its time, of an engine behind tcp://', { timeout: 20_000 }, () => {
  let server: Server;
  let engine: Engine;
  /** Of `docker wait`, which the engine answers when it pleases. */
  let waiting: ServerResponse | undefined;
  let pings = 0;
  /** Its host has lost its power: what is connected stays so, and nothing is answered. */
  let isSilent = false;

  before(async () => {
    server = createServer((request, response) => {
      if (request.url?.endsWith('/_ping')) {
        pings++;
        if (!isSilent) response.end('OK');
      } else waiting = response;
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    engine = new Engine(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, { askMs: ASK_MS });
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const wait = (): Promise<unknown> =>
    engine.call('Unable to wait', (docker) => docker.getContainer('x').wait());

  test('is waited for as long as the engine gives signs of life', async () => {
    const ended = wait();
    await waitUntil('more questions than may stay unanswered', () => pings > 5);
    waiting?.setHeader('content-type', 'application/json').end('{"StatusCode":0}');
    assert.deepEqual(await ended, { StatusCode: 0 });
  });

  test('fails in words once it gives none, over a connection that was there before', async () => {
    isSilent = true;
    await assert.rejects(wait(), (error: Error & { detail?: string }) => {
      assert.match(error.message, /Docker engine not reachable at tcp:/);
      assert.match(error.detail ?? '', /Unable to wait: no answer\. Check the address/);
      return true;
    });
  });
});

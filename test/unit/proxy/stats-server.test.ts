import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { describe, test } from 'node:test';
import { listenStats } from '../../../proxy/admin/stats-server.ts';

describe('the stats port', () => {
  /** @returns what it says to these pieces, each sent by itself, and how often it was made to build its document */
  async function told(...pieces: readonly string[]): Promise<{ said: string; built: number }> {
    let built = 0;
    const stats = async (): Promise<string> => {
      built++;
      return '{"pool":1}';
    };
    const server = await listenStats('127.0.0.1', 0, { stats, metrics: async () => 'up 1\n' });
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined);
    let said = '';
    socket.on('data', (chunk) => {
      said += chunk;
    });
    const end = Promise.race([once(socket, 'end'), once(socket, 'close')]).catch(() => undefined);
    for (const piece of pieces) {
      socket.write(piece);
      await new Promise((done) => setImmediate(done));
    }
    await end;
    socket.destroy();
    server.close();
    return { said, built };
  }

  test('answers whoever says nothing, and whoever speaks HTTP', async () => {
    assert.deepEqual(await told(), { said: '{"pool":1}', built: 1 });
    assert.match((await told('GET /metrics HTTP/1.1\r\n', '\r\n')).said, /\r\n\r\nup 1\n$/);
  });

  test('answers once, whatever comes behind the question: a flood of it is neither kept nor answered', async () => {
    const flood = Array.from({ length: 50 }, () => 'x'.repeat(1000));
    assert.deepEqual(await told('stats', ...flood), { said: '{"pool":1}', built: 1 });
    assert.equal((await told('GET / HTTP/1.1\r\n\r\n', ...flood)).built, 1);
  });
});

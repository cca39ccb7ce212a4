import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ProxyKind, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { local, SIGNATURE, tcp4, tcp6 } from '../../support/proxy-header.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** An address of this machine from where headers are believed. */
const EDGE = '127.0.0.2';
const INFO = request('CLIENT', 'INFO');

/** No server is there: what the proxy answers by itself is all that is asked. */
const conf = ([port]: readonly number[]): string =>
  `alpha:\n  listen: 127.0.0.1:${port}\n  redis: true\n  proxy_protocol_networks:\n   - ${EDGE}/32\n` +
  '  servers:\n   - 127.0.0.1:1:1 nobody\n';

for (const kind of ['bun', 'node'] as const satisfies readonly ProxyKind[])
  describe(`PROXY protocol over sockets, ${kind}`, () => {
    let proxy: RunningProxy;
    const open: RawClient[] = [];

    before(async () => {
      proxy = await startProxy(kind, 1, conf);
    });
    after(async () => {
      for (const client of open) client.end();
      await proxy?.stop();
    });

    const connect = async (localAddress = EDGE): Promise<RawClient> => {
      const client = await RawClient.open({ host: '127.0.0.1', port: proxy.ports[0], localAddress });
      open.push(client);
      return client;
    };
    const addressIn = (reply: string): string | undefined => / addr=(\S+) /.exec(reply)?.[1];

    test('the client is whose connection it is, in one piece with its requests or in many', async () => {
      const whole = await connect();
      const pipeline = Buffer.concat(Array.from({ length: 2000 }, () => request('PING')));
      const answers = await whole.ask(Buffer.concat([tcp4('203.0.113.7:51000'), pipeline, INFO]), 2001);
      assert.equal(answers.match(/\+PONG/g)?.length, 2000);
      assert.equal(addressIn(answers), '203.0.113.7:51000');
      assert.equal(addressIn(await whole.ask(INFO)), '203.0.113.7:51000');

      const cut = await connect();
      const header = tcp6('20010db8000000000000000000000001', 9);
      for (const [from, to] of [
        [0, 1],
        [1, 13],
        [13, 20],
        [20, header.length],
      ]) {
        cut.send(header.subarray(from, to));
        // what was sent before has come when this is answered
        await whole.ask(request('PING'));
      }
      assert.equal(addressIn(await cut.ask(INFO)), '2001:db8::1:9');
    });

    test('LOCAL, or no header at all: it is the sender’s own', async () => {
      for (const header of [local(), Buffer.alloc(0)]) {
        const client = await connect();
        assert.match(addressIn(await client.ask(Buffer.concat([header, INFO]))) ?? '', /^127\.0\.0\.2:\d+$/);
      }
    });

    test('from elsewhere it is garbage', async () => {
      const client = await connect('127.0.0.1');
      assert.match(await client.ask(tcp4('203.0.113.7:1'), 3), /^-ERR unknown command/);
      assert.equal(client.closed, true);
    });

    test('one that will not do is told so and closed; half a one is told in the log', async () => {
      const old = await connect();
      const answer = await old.ask('PROXY TCP4 203.0.113.7 192.0.2.1 51000 6379\r\n', 2);
      assert.equal(
        answer,
        '-ERR Protocol error: PROXY header has version 1, and only 2 is taken\r\n',
        'one reply, and the end',
      );
      const half = await connect();
      half.socket.end(SIGNATURE);
      await waitUntil('it to be closed', () => half.closed);
      // at most a line a second
      await waitUntil('the log to say why', async () => {
        const again = await connect();
        again.socket.end(SIGNATURE);
        return /client 127\.0\.0\.2:\d+ is closed: its PROXY header ended half-way/.test(
          proxy.daemon.output(),
        );
      });
      assert.match(proxy.daemon.output(), /its PROXY header has version 1, and only 2 is taken/);
    });
  });

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Networks } from '../../../proxy/config/networks.ts';
import { parseConfig } from '../../../proxy/config/nutcracker-yml.ts';
import { readProxyHeader } from '../../../proxy/protocol/proxy-header.ts';
import { closeScenes, type MemoryClient, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';
import { FAMILY, local, proxyHeader, SIGNATURE, tcp4, tcp6 } from '../../support/proxy-header.ts';
import { request } from '../../support/raw-client.ts';

afterEach(closeScenes);

/** A TLV: kind 0x04 (nothing), so many bytes. */
const tlv = (bytes: number): Buffer =>
  Buffer.concat([Buffer.from([4, bytes >> 8, bytes & 255]), Buffer.alloc(bytes)]);

const GOOD: ReadonlyArray<[string, Buffer, string | null]> = [
  ['IPv4', tcp4('203.0.113.7:51000'), '203.0.113.7:51000'],
  ['IPv4 with TLVs behind it', tcp4('203.0.113.7:1', tlv(300)), '203.0.113.7:1'],
  ['IPv6', tcp6('20010db8000000000000000000000001', 65535), '2001:db8::1:65535'],
  ['IPv6 that stands for IPv4', tcp6('00000000000000000000ffffcb007107', 80), '203.0.113.7:80'],
  ['LOCAL', local(), null],
  ['LOCAL with what is to be passed over', proxyHeader({ command: 0, family: 0xff, further: tlv(9) }), null],
  ['no family', proxyHeader({ further: tlv(5) }), null],
  ['a unix socket', proxyHeader({ family: FAMILY.unix, addresses: Buffer.alloc(216) }), null],
  ['as long as may be', tcp4('203.0.113.7:1', Buffer.alloc(4096 - 28)), '203.0.113.7:1'],
];

const BAD: ReadonlyArray<[string, Buffer, RegExp]> = [
  ['version 1', Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1 51000 6379\r\n'), /version 1/],
  ['version 1 in the form of 2', proxyHeader({ version: 1 }), /version 1/],
  ['version 3', proxyHeader({ version: 3 }), /version 3/],
  ['an unknown command', proxyHeader({ command: 2 }), /unknown command 2/],
  ['datagrams', proxyHeader({ family: FAMILY.udp4, addresses: Buffer.alloc(12) }), /address family 0x12/],
  ['an unknown family', proxyHeader({ family: 0x41, addresses: Buffer.alloc(40) }), /address family 0x41/],
  [
    'half of its addresses',
    proxyHeader({ family: FAMILY.tcp4, addresses: Buffer.alloc(11) }),
    /27 bytes.*28/,
  ],
  ['IPv6 in the space of IPv4', proxyHeader({ family: FAMILY.tcp6, addresses: Buffer.alloc(12) }), /28 .*52/],
  ['too many bytes', tcp4('203.0.113.7:1', Buffer.alloc(4096 - 27)), /4097 bytes, and 4096/],
  ['all bytes that can be said', proxyHeader({ command: 0, length: 65_535 }), /65551 bytes, and 4096/],
];

describe('a header of PROXY protocol', () => {
  for (const [title, header, source] of GOOD)
    test(`${title}: is read, wherever its bytes are cut, and what follows is left`, () => {
      for (let cut = 0; cut < header.length; cut++)
        assert.deepEqual(readProxyHeader(header.subarray(0, cut)), { kind: 'more' }, `${cut} bytes`);
      for (const behind of ['', 'PING\r\n', SIGNATURE.toString('latin1')])
        assert.deepEqual(readProxyHeader(Buffer.concat([header, Buffer.from(behind, 'latin1')])), {
          kind: 'done',
          end: header.length,
          source,
        });
    });

  for (const [title, header, fault] of BAD)
    test(`${title}: is refused, wherever its bytes are cut, and never taken for another`, () => {
      for (let cut = 0; cut <= header.length; cut++) {
        const reading = readProxyHeader(header.subarray(0, cut));
        if (reading.kind === 'bad') assert.match(reading.fault, fault);
        else assert.equal(reading.kind, 'more', `${cut} bytes`);
      }
      assert.equal(readProxyHeader(header).kind, 'bad');
    });

  test('what does not begin like one is none, from the first byte that says so', () => {
    for (let at = 0; at < SIGNATURE.length; at++) {
      const other = Buffer.from(SIGNATURE.subarray(0, at + 1));
      other[at] ^= 1;
      assert.equal(readProxyHeader(other).kind, 'none', `byte ${at}`);
    }
    for (const text of ['PING\r\n', 'P\r\n', 'PROXYS\r\n', '*1\r\n$4\r\nPING\r\n', '\r\n\r\nPING\r\n'])
      assert.equal(readProxyHeader(Buffer.from(text)).kind, 'none', text);
  });
});

const EDGE = '198.18.128.8';
const SETTINGS = ['redis_auth: secret', 'auth_timeout: 4000', 'proxy_protocol_networks:', `  - ${EDGE}`];

const addressesOf = (list: string): string[] => [...list.matchAll(/ addr=(\S+)/g)].map(([, addr]) => addr);

/** What CLIENT LIST shows to a client from elsewhere. */
function listed(scene: MemoryScene): string[] {
  const looking = scene.client('198.18.128.1:1');
  looking.ask('AUTH', 'secret');
  looking.ask('CLIENT', 'LIST');
  scene.settle();
  const addresses = addressesOf(looking.said).filter((addr) => addr !== '198.18.128.1:1');
  looking.leave();
  scene.settle();
  return addresses;
}

describe('a connection from where headers are believed', () => {
  test('is of whom the header says, however its bytes come, and its requests are served', async () => {
    const scene = await memoryScene(SETTINGS);
    const bytes = Buffer.concat([
      tcp4('203.0.113.7:51000', tlv(20)),
      request('AUTH', 'secret'),
      request('PING'),
    ]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const client = scene.client(`${EDGE}:40000`);
      client.send(bytes.subarray(0, cut));
      scene.settle();
      client.send(bytes.subarray(cut));
      scene.settle();
      assert.equal(client.said, '+OK\r\n+PONG\r\n', `cut at ${cut}`);
      assert.deepEqual(listed(scene), ['203.0.113.7:51000']);
      client.leave();
      scene.settle();
    }
    const slow = scene.client(`${EDGE}:40000`);
    for (const byte of bytes) {
      slow.send(Uint8Array.of(byte));
      scene.settle();
    }
    assert.equal(slow.said, '+OK\r\n+PONG\r\n');
    assert.deepEqual(scene.warnings, []);
  });

  test('is the sender’s own with LOCAL, and without a header', async () => {
    const scene = await memoryScene(SETTINGS);
    for (const header of [local(), Buffer.alloc(0)]) {
      const client = scene.client(`${EDGE}:40000`);
      client.send(Buffer.concat([header, request('PING')]));
      scene.settle();
      assert.equal(client.said, '+PONG\r\n');
      assert.deepEqual(listed(scene), [`${EDGE}:40000`]);
      client.leave();
      scene.settle();
    }
  });

  test('has one header: what follows like a second one is a client’s, and believed no more', async () => {
    const scene = await memoryScene(SETTINGS);
    const client = scene.client(`${EDGE}:40000`);
    client.send(tcp4('203.0.113.7:1'));
    client.send(tcp4('192.0.2.99:9'));
    scene.settle();
    assert.match(client.said, /^-ERR unknown command ''/);
    assert.equal(client.ended, true, 'QUIT is in it');
    const other = scene.client(`${EDGE}:40000`);
    other.send(tcp4('203.0.113.7:1'));
    other.ask('AUTH', 'wrong');
    scene.settle();
    assert.deepEqual(scene.warnings, ["pool 'p': client 203.0.113.7:1 said a wrong password"]);
  });

  for (const [title, header, fault] of BAD)
    test(`is closed with ${title}, told why, and the log says so`, async () => {
      const scene = await memoryScene(SETTINGS);
      const client = scene.client(`${EDGE}:40000`);
      client.send(header);
      client.ask('PING');
      scene.settle();
      assert.match(client.said, /^-ERR Protocol error: PROXY header [^\r]*\r\n$/);
      assert.match(client.said, fault);
      assert.equal(client.ended, true);
      assert.equal(scene.warnings.length, 1);
      assert.match(scene.warnings[0], new RegExp(`client ${EDGE}:40000 is closed: its PROXY header `));
      assert.match(scene.warnings[0], fault);
      assert.equal(scene.pool.stats.clientConnections, 0);
    });

  test('is closed when half a header has come in time, also where no password is asked for', async () => {
    for (const [settings, limit] of [
      [SETTINGS, 4000],
      [SETTINGS.slice(2), 5000],
    ] as const) {
      const scene = await memoryScene(settings);
      const [half, none] = [scene.client(`${EDGE}:40000`), scene.client(`${EDGE}:40001`)];
      half.send(tcp4('203.0.113.7:1').subarray(0, 20));
      scene.pass(limit - 1);
      assert.equal(half.ended, false);
      half.send(Uint8Array.of(1));
      scene.pass(2);
      assert.equal(half.ended, true);
      assert.deepEqual(scene.warnings, [
        `pool 'p': client ${EDGE}:40000 is closed: its PROXY header did not come as a whole within ${limit} ms`,
      ]);
      assert.equal(none.ended, settings === SETTINGS, 'one that has sent nothing: as ever');
    }
  });

  test('that ends in half a header is told of, and leaves nothing behind', async () => {
    const scene = await memoryScene(SETTINGS);
    const half = scene.client(`${EDGE}:40000`);
    half.send(SIGNATURE);
    scene.settle();
    half.leave();
    scene.settle();
    assert.match(scene.warnings.join(), /PROXY header ended half-way/);
    assert.equal(scene.pool.stats.clientConnections, 0);
    assert.equal(scene.pool.budget.used, 0);
  });

  test('counts by whose it is: guesses of one application do not delay another’s answer', async () => {
    const scene = await memoryScene(SETTINGS);
    const wrong = (source: string): MemoryClient => {
      const client = scene.client(`${EDGE}:40000`);
      client.send(tcp4(source));
      client.ask('AUTH', 'wrong');
      return client;
    };
    const guessing = Array.from({ length: 20 }, (_, i) => wrong(`203.0.113.7:${i + 1}`));
    scene.settle();
    assert.ok(
      guessing.some(({ said }) => said === ''),
      'some of them wait',
    );
    const other = wrong('203.0.113.8:1');
    scene.settle();
    assert.match(other.said, /^-WRONGPASS/);
  });
});

describe('a connection from anywhere else', () => {
  test('has no header: what looks like one is a client’s own bytes, and its address stays its own', async () => {
    for (const settings of [SETTINGS, SETTINGS.slice(0, 2)]) {
      const scene = await memoryScene(settings);
      const forging = scene.client(settings === SETTINGS ? '198.18.128.9:40000' : `${EDGE}:40000`);
      forging.send(tcp4('203.0.113.7:1'));
      forging.ask('AUTH', 'wrong');
      scene.settle();
      assert.match(forging.said, /^-ERR unknown command/);
      assert.equal(forging.ended, true);
      assert.deepEqual(scene.warnings, []);
    }
  });
});

describe('proxy_protocol_networks', () => {
  const has = (networks: string[], remote: string): boolean => new Networks(networks).has(remote);

  test('are addresses and subnets of both families', () => {
    assert.ok(has(['10.0.0.1'], '10.0.0.1:5'));
    assert.ok(!has(['10.0.0.1'], '10.0.0.10:5'));
    assert.ok(has(['10.1.0.0/16'], '10.1.200.3:5'));
    assert.ok(!has(['10.1.0.0/16'], '10.2.0.1:5'));
    assert.ok(has(['10.0.0.1'], '::ffff:10.0.0.1:5'), 'a client of IPv4 at a listener for both');
    assert.ok(has(['2001:db8::/32'], '2001:db8:1::9:5'));
    assert.ok(!has(['2001:db8::1'], '2001:db8::2:5'));
    assert.ok(!has(['10.0.0.0/8'], 'unix:0'));
  });

  const config = (lines: string): unknown =>
    parseConfig(`p:\n  listen: 127.0.0.1:1\n  redis: true\n${lines}  servers:\n   - 127.0.0.1:2:1\n`);

  test('in the file: none unless it says so, and what is no address is refused at its place', () => {
    assert.deepEqual((config('') as { proxyProtocolNetworks: string[] }[])[0].proxyProtocolNetworks, []);
    for (const bad of ['edge-a', '10.0.0.0/33', '10.0.0.1:6379', '10.0.0.0/', '2001:db8::/129'])
      assert.throws(() => config(`  proxy_protocol_networks:\n   - '${bad}'\n`), {
        message: new RegExp(`^proxy_protocol_networks: "${bad}": `),
        position: { line: 5, column: 6 },
      });
    assert.throws(
      () =>
        parseConfig(
          'p:\n  listen: /tmp/x\n  redis: true\n  proxy_protocol_networks:\n   - 10.0.0.1\n  servers:\n   - 127.0.0.1:2:1\n',
        ),
      /"proxy_protocol_networks" needs "listen" with host and port/,
    );
  });
});

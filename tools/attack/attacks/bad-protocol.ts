import { register } from '../attack.ts';

const rejected: ReadonlyArray<readonly [name: string, bytes: string | Buffer]> = [
  ['100,000 nested arrays', '*1\r\n'.repeat(100_000)],
  ['an array of a thousand million', '*1000000000\r\n$1\r\na\r\n'],
  ['a bulk of 9 GB', '*2\r\n$3\r\nGET\r\n$9999999999\r\n'],
  ['negative counts', '*-5\r\n$-3\r\n*2\r\n$3\r\nGET\r\n$-1\r\n'],
  ['numbers that are none', '*0x10\r\n*1e3\r\n*+1\r\n*01\r\n*99999999999999999999\r\n'],
  ['an inline line of 8 MB', 'a'.repeat(8 * 1024 * 1024)],
  ['an inline line of a million words', `${'a '.repeat(1_000_000)}\r\n`],
  ['unbalanced quotes', `SET "${'\\x'.repeat(10_000)}\r\n`],
  ['a web browser', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nFLUSHALL\r\n'],
  ['a TLS client', Buffer.from('16030100c8010000c40303', 'hex')],
  ['all bytes', Buffer.from(Array.from({ length: 65_536 }, (_, n) => (n * 7919) % 256))],
  ['RESP3 pushes and maps as requests', '>2\r\n$3\r\nfoo\r\n%1\r\n$1\r\na\r\n$1\r\nb\r\n|1\r\n+a\r\n+b\r\n'],
  ['a proxy’s header', 'PROXY TCP4 127.0.0.1 127.0.0.1 1 6379\r\n'],
  ['empty requests', '*0\r\n'.repeat(200_000)],
  ['line ends', '\r\n'.repeat(500_000)],
];

register({
  name: 'bad-protocol',
  tries: 'sends what is no request: nested, negative, endless, other protocols’ words, noise',
  as: ['nobody', 'application'],
  thin: true,
  seconds: 15,
  async run(attacker) {
    let closed = 0;
    for (const [, bytes] of rejected) {
      const wires = (await attacker.many(4)).wires;
      await Promise.all(wires.map((wire) => Promise.race([wire.send(bytes), attacker.rest(1500)])));
      await Promise.all(wires.map((wire) => wire.reply(200)));
      closed += wires.filter((wire) => wire.closed).length;
      for (const wire of wires) wire.vanish();
    }
    return {
      did: `${rejected.length} kinds, 4 times each; ${closed} connections closed by the other side`,
      got: [],
    };
  },
});

import { bunApi } from '../../../proxy/transport/bun-api.ts';

/**
 * Run by Bun: one client that asks one thing after the other, and prints the median latency in microseconds. The steps
 * of redis-benchmark, 8 us, are too coarse for a comparison of 5 %.
 */
const [port, requests] = process.argv.slice(2).map(Number);
const REQUEST = Buffer.from('*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000001\r\n');
const WARM_UP = 0.2;

const latencies: number[] = [];
let askedAt = 0;

bunApi()?.connect({
  hostname: '127.0.0.1',
  port,
  allowHalfOpen: true,
  data: null,
  socket: {
    open: ask,
    data(socket) {
      latencies.push(performance.now() - askedAt);
      if (latencies.length < requests) {
        ask(socket);
        return;
      }
      const settled = latencies.slice(requests * WARM_UP).sort((a, b) => a - b);
      process.stdout.write(`${settled[Math.floor(settled.length / 2)] * 1000}\n`);
      process.exit(0);
    },
    drain: () => undefined,
    end: () => process.exit(1),
    close: () => process.exit(1),
  },
});

function ask(socket: { write(bytes: Uint8Array, offset: number, length: number): number }): void {
  askedAt = performance.now();
  socket.write(REQUEST, 0, REQUEST.length);
}

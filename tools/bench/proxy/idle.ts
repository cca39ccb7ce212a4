import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuOf, residentOf } from './process-cpu.ts';
import type { Running } from './rig.ts';
import { judge, type Verdict } from './verdict.ts';

const AT_ONCE = 250;
/** For half a minute after the heap has last changed Bun's collector looks at it every second: until then nothing is idle. */
const SETTLE_MS = 35_000;
const WATCH_MS = 5000;
const MB_GOAL = 64;
const CPU_GOAL = 1;

/** What clients cost that have asked once and say nothing any more. */
export interface Idle {
  readonly clients: number;
  readonly residentMb: number;
  readonly cpuMsPerSecond: number;
  readonly verdict: Verdict;
}

export async function measureIdle({ port, pid }: Running, clients: number): Promise<Idle> {
  const sockets: Socket[] = [];
  try {
    while (sockets.length < clients) {
      const count = Math.min(AT_ONCE, clients - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: count }, () => open(port)))));
    }
    await sleep(SETTLE_MS);
    const before = cpuOf(pid);
    await sleep(WATCH_MS);
    const cpuMsPerSecond = (cpuOf(pid) - before) / 1e6 / (WATCH_MS / 1000);
    const residentMb = residentOf(pid);
    const verdicts = [
      judge(residentMb, { atMost: MB_GOAL }, 0, false),
      judge(cpuMsPerSecond, { atMost: CPU_GOAL }, 0, false),
    ];
    const verdict = verdicts.includes('missed') ? 'missed' : 'met';
    return { clients, residentMb, cpuMsPerSecond, verdict };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

function open(port: number): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.once('data', () => done(socket));
      socket.write('*2\r\n$3\r\nGET\r\n$1\r\nk\r\n');
    });
    socket.once('error', fail);
  });
}

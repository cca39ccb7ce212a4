import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuOf, residentOf } from './process-cpu.ts';

/** Resident memory with so many idle clients, and the CPU they cost while nothing happens. */
export async function measureIdle(
  port: number,
  pid: number,
  clients: number,
): Promise<{ residentMb: number; cpuMsPerSecond: number }> {
  const sockets: Socket[] = [];
  try {
    for (let i = 0; i < clients; i += 250) {
      sockets.push(
        ...(await Promise.all(Array.from({ length: Math.min(250, clients - i) }, () => open(port)))),
      );
    }
    await sleep(1000);
    const before = cpuOf(pid);
    await sleep(5000);
    return { residentMb: residentOf(pid), cpuMsPerSecond: (cpuOf(pid) - before) / 1e6 / 5 };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

function open(port: number): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.once('data', () => done(socket));
      socket.write('*1\r\n$4\r\nPING\r\n');
    });
    socket.once('error', fail);
  });
}

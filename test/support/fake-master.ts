import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { ValueReader } from '../../proxy/protocol/reply-values.ts';

/** A stranger who plays a Redis master well enough for a sentinel, and keeps whatever it is told. */
export interface FakeMaster {
  readonly port: number;
  /** Every request so far, its words joined by blanks. */
  readonly heard: readonly string[];
  close(): void;
}

const INFO = '# Replication\r\nrole:master\r\nrun_id:0123456789012345678901234567890123456789\r\n';

/** Listens on 127.0.0.1. */
export async function startFakeMaster(): Promise<FakeMaster> {
  const sockets = new Set<Socket>();
  const heard: string[] = [];
  const server = createServer((socket) => {
    const reader = new ValueReader();
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      for (const request of reader.push(chunk)) {
        const words = (request as unknown[]).map(String);
        heard.push(words.join(' '));
        socket.write(answerTo(words[0].toUpperCase()));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    heard,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function answerTo(command: string): string {
  if (command === 'PING') return '+PONG\r\n';
  if (command === 'INFO') return `$${INFO.length}\r\n${INFO}\r\n`;
  if (command === 'ROLE') return '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n';
  return '+OK\r\n';
}

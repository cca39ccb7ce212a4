import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { ValueReader } from '../../proxy/protocol/reply-values.ts';

/** A server on 127.0.0.1 that answers every request with what the test says. */
export interface AnsweringServer {
  readonly port: number;
  /** Its connections. */
  readonly sockets: ReadonlySet<Socket>;
  close(): void;
}

/** @param answer words of a request → bytes of its reply, with their line ends */
export async function answeringServer(answer: (words: string[]) => string): Promise<AnsweringServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const reader = new ValueReader();
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      for (const words of reader.push(chunk)) socket.write(answer((words as unknown[]).map(String)));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A reply that is a list of texts. */
export const bulks = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

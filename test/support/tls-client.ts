import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { request } from './raw-client.ts';
import { waitUntil } from './wait-until.ts';

/** A client with TLS that collects every byte. */
export async function openTls(options: ConnectionOptions & { port: number }) {
  const socket: TLSSocket = connect(options);
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  const chunks: Buffer[] = [];
  const client = {
    socket,
    fingerprint: socket.getPeerCertificate().fingerprint256,
    ended: false,
    get bytes(): number {
      return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    },
    get received(): Buffer {
      return Buffer.concat(chunks);
    },
    /** Sends, and waits for so many bytes or the end. */
    async ask(bytes: Buffer, length: number): Promise<string> {
      chunks.length = 0;
      socket.write(bytes);
      await waitUntil('an answer', () => client.ended || client.bytes >= length, { everyMs: 2 });
      return client.received.toString();
    },
  };
  socket.on('data', (chunk) => chunks.push(chunk));
  for (const event of ['end', 'close']) {
    socket.on(event, () => {
      client.ended = true;
    });
  }
  return client;
}

/** What PING is answered; empty when the connection is refused. */
export async function answerTo(options: ConnectionOptions & { port: number }): Promise<string> {
  try {
    const client = await openTls(options);
    const text = await client.ask(request('PING'), 7);
    client.socket.destroy();
    return text;
  } catch {
    return '';
  }
}

import { type AddressInfo, createServer, type Server } from 'node:net';
import { FRAME_DONE, RequestFrame } from '../../proxy/protocol/request-frame.ts';

/** Listeners that answer every request with their own number: they show where a proxy sends a key. */
export interface NamedServers {
  readonly ports: readonly number[];
  stop(): void;
}

export async function startNamedServers(count: number): Promise<NamedServers> {
  const servers: Server[] = [];
  for (let number = 0; number < count; number++) servers.push(await startOne(number));
  return {
    ports: servers.map((server) => (server.address() as AddressInfo).port),
    stop: () => servers.forEach((server) => void server.close()),
  };
}

function startOne(number: number): Promise<Server> {
  const reply = Buffer.from(`$${String(number).length}\r\n${number}\r\n`);
  const server = createServer((socket) => {
    let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);
    const frame = new RequestFrame();
    socket.unref();
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const bytes = Buffer.concat([rest, chunk]);
      let at = 0;
      const replies: Buffer[] = [];
      for (;;) {
        frame.begin(at);
        if (frame.parse(bytes, bytes.length) !== FRAME_DONE) break;
        at = frame.end;
        replies.push(reply);
      }
      rest = bytes.subarray(at);
      if (replies.length > 0) socket.write(Buffer.concat(replies));
    });
  });
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => done(server.unref()));
  });
}

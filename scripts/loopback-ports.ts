import { type AddressInfo, connect, createServer, type Server } from 'node:net';

/** So many different TCP ports that the kernel says are free now on `host`. */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  // all held at once: given back one by one, the same port might come twice
  const servers = await Promise.all(Array.from({ length: count }, () => listening(host)));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** A TCP port that the kernel says is free now on `host`. */
export async function freePort(host?: string): Promise<number> {
  const [port] = await freePorts(1, host);
  return port;
}

/** Whether somebody accepts a connection to this port of 127.0.0.1. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', () => done(false));
  });
}

function listening(host: string): Promise<Server> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, host, () => done(server));
  });
}

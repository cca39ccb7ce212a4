import { type AddressInfo, connect, createServer, type Server } from 'node:net';

/**
 * So many different TCP ports that the kernel says are free now on `host`, and that no other process gets from here
 * while this one lives: between the answer and whoever is to listen there, the kernel would give them to anyone.
 */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  // all held at once: given back one by one, the same port might come twice
  const servers = await Promise.all(Array.from({ length: count }, () => claimed(host)));
  const ports = servers.map(portOf);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** One port as `freePorts` gives them. */
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

/** Listens on a port that is ours alone; the ones that somebody else has claimed are held until there is one. */
async function claimed(host: string): Promise<Server> {
  const taken: Server[] = [];
  try {
    for (;;) {
      const server = await listening({ port: 0, host });
      if (await claim(portOf(server))) return server;
      taken.push(server);
    }
  } finally {
    for (const server of taken) server.close();
  }
}

/**
 * Claims a port until this process ends, by a name that belongs to one socket at a time: Linux' abstract Unix sockets need
 * no file, are gone with their process however it ends, and are as ports are each network namespace's own (unix(7)).
 * Elsewhere nothing is claimed.
 */
async function claim(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  try {
    await listening({ path: `\0twemstack-port-${port}` });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
}

/** It keeps no process from ending: a claim is never let go, and what an error leaves open need not be. */
function listening(where: { port: number; host: string } | { path: string }): Promise<Server> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(where, () => done(server.unref()));
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

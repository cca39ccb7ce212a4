import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { parseConfig } from '../../proxy/config/nutcracker-yml.ts';
import { BufferBudget } from '../../proxy/core/base/buffer-budget.ts';
import { Loop } from '../../proxy/core/base/loop.ts';
import { Pool } from '../../proxy/core/pool.ts';
import { MemoryLink, MemoryNetwork } from '../../proxy/transport/memory.ts';
import { MemoryRedis } from '../../tools/fuzz/memory-redis.ts';
import { createAuthority } from './certificates.ts';
import { startProxy } from './proxy.ts';
import { startRedis } from './redis-server.ts';

/** A client, whatever its connection is made of. */
export interface ProtocolClient {
  /** Everything that came so far. */
  readonly received: Buffer;
  /** Bytes of it. */
  readonly length: number;
  /** Nothing more will come. */
  readonly ended: boolean;
  send(bytes: Uint8Array): void;
  /** Sends FIN and goes on reading. */
  finish(): void;
  pause(): void;
  resume(): void;
  /** Is gone at once. */
  leave(): void;
}

/** A proxy before two empty Redises. Pool 0 is open, pool 1 wants the password `secret`. */
export interface ProtocolBed {
  connect(pool?: 0 | 1): Promise<ProtocolClient>;
  /** Closes every connection between the proxy and the Redises. */
  cut(): Promise<void>;
  stop(): Promise<void>;
}

/** Every transport, plain and with TLS, by name. */
export const PROTOCOL_BEDS: Readonly<Record<string, () => Promise<ProtocolBed>>> = {
  memory: startMemoryBed,
  'node:net': () => startSocketBed('node', false),
  Bun: () => startSocketBed('bun', false),
  'node:tls': () => startSocketBed('node', true),
  'Bun with TLS': () => startSocketBed('bun', true),
};

/** What collects, and tells the end. */
class Inbox {
  private readonly chunks: Uint8Array[] = [];
  length = 0;
  ended = false;

  take(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.length += chunk.length;
  }

  end(): void {
    this.ended = true;
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

async function startSocketBed(kind: 'bun' | 'node', tls: boolean): Promise<ProtocolBed> {
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-protocol-'));
  const authority = await createAuthority(folder, 'authority');
  const { cert, key } = await authority.issue('proxy', ['127.0.0.1']);
  const redises = await Promise.all([startRedis(), startRedis()]);
  const servers = redises.map(({ port }, i) => `   - 127.0.0.1:${port}:1 server${i}\n`).join('');
  const pool = (name: string, listen: number, listenTls: number, more: string): string =>
    `${name}:\n  listen: 127.0.0.1:${listen}\n  listen_tls: 127.0.0.1:${listenTls}\n  tls_cert_file: ${cert}\n` +
    `  tls_key_file: ${key}\n  redis: true\n${more}  servers:\n${servers}`;
  const proxy = await startProxy(
    kind,
    4,
    ([a, b, c, d]) => pool('open', a, c, '') + pool('guarded', b, d, '  redis_auth: secret\n'),
  );
  const ca = readFileSync(authority.cert);
  return {
    connect: (index = 0) => {
      const place = { host: '127.0.0.1', port: proxy.ports[index + (tls ? 2 : 0)], allowHalfOpen: true };
      return tls
        ? socketClient(connectTls({ ...place, ca }), 'secureConnect')
        : socketClient(connect({ ...place, noDelay: true }), 'connect');
    },
    cut: async () => {
      for (const { client } of redises)
        await client.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES');
    },
    stop: async () => {
      await proxy.stop();
      await Promise.all(redises.map((redis) => redis.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function socketClient(socket: Socket, ready: string): Promise<ProtocolClient> {
  const inbox = new Inbox();
  await new Promise((resolve, reject) => {
    socket.once(ready, resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => inbox.take(chunk));
  socket.on('end', () => inbox.end());
  socket.on('close', () => inbox.end());
  return Object.assign(inbox, {
    send: (bytes: Uint8Array) => void socket.write(bytes),
    finish: () => void socket.end(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    leave: () => void socket.destroy(),
  });
}

/** Bytes that a connection in memory holds before it takes no more, so that writes come back short. */
const CAPACITY = 10_000;

async function startMemoryBed(): Promise<ProtocolBed> {
  const network = new MemoryNetwork();
  const redises = [new MemoryRedis(), new MemoryRedis()];
  for (const [i, redis] of redises.entries()) {
    const address = { kind: 'tcp', host: `10.0.0.${i}`, port: 6379 } as const;
    await network.listen(
      { address, backlog: 1, reusePort: false, keepAlive: false, takeTimeout: 0 },
      (link) => redis.accept(link),
    );
  }
  const servers = redises.map((_, i) => `   - 10.0.0.${i}:6379:1 server${i}\n`).join('');
  const conf = (name: string, port: number, more: string): string =>
    `${name}:\n  listen: 127.0.0.1:${port}\n  redis: true\n${more}  servers:\n${servers}`;
  const configs = parseConfig(conf('open', 1, '') + conf('guarded', 2, '  redis_auth: secret\n'));
  const around = { loop: new Loop(), transport: network, mbufSize: 16384, budget: new BufferBudget() };
  const quiet = { slowAbove: 1e9, log: () => undefined, onSlow: () => undefined };
  const [open, guarded] = ['open', 'guarded'].map((name) => {
    const config = configs.find((each) => each.name === name);
    if (config === undefined) throw new Error(`no pool ${name}`);
    return new Pool(config, { ...around, ...quiet });
  });
  const pump = setInterval(() => {
    while (network.step());
  }, 1);
  return {
    connect: async (index = 0) => memoryClient(network, index === 0 ? open : guarded),
    cut: async () => redises.forEach((redis) => void redis.cut()),
    stop: async () => {
      clearInterval(pump);
      open.close();
      guarded.close();
    },
  };
}

function memoryClient(network: MemoryNetwork, pool: Pool): ProtocolClient {
  const inbox = new Inbox();
  const [near, far] = [new MemoryLink(), new MemoryLink()];
  near.peer = far;
  far.peer = near;
  far.capacity = CAPACITY;
  near.owner = {
    onBytes: (chunk) => inbox.take(chunk),
    onWritable: () => undefined,
    onEnd: () => inbox.end(),
    onClosed: () => inbox.end(),
  };
  network.links.push(near, far);
  far.owner = pool.accept(far);
  return Object.assign(inbox, {
    send: (bytes: Uint8Array) => void near.write(bytes, 0, bytes.length),
    finish: () => near.shutdown(),
    pause: () => near.pause(),
    resume: () => near.resume(),
    leave: () => near.close(),
  });
}

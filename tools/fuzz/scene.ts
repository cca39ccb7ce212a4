import { parseConfig } from '../../proxy/config/nutcracker-yml.ts';
import { BufferBudget } from '../../proxy/core/base/buffer-budget.ts';
import { chunkMemory } from '../../proxy/core/base/chunk-memory.ts';
import { Loop } from '../../proxy/core/base/loop.ts';
import { Pool } from '../../proxy/core/pool.ts';
import type { LinkOwner, Listener } from '../../proxy/transport/link.ts';
import { MemoryLink, MemoryNetwork } from '../../proxy/transport/memory.ts';
import { MemoryRedis } from './memory-redis.ts';
import type { VirtualTime } from './virtual-time.ts';

export const SERVERS = 3;
const MOST_STEPS = 1_000_000;
const NARROW = 2000;

// memory that was given back is overwritten: whoever still uses it is found out
chunkMemory.free = (buffer) => void new Uint8Array(buffer).fill(0xdd);

/** A pool before a few small Redises: no socket, no clock, no chance but the caller's. */
export class FuzzScene {
  readonly network = new MemoryNetwork();
  readonly redises = Array.from({ length: SERVERS }, () => new MemoryRedis());
  readonly loop: Loop;
  readonly pool: Pool;
  private readonly listeners: Listener[] = [];

  private constructor(
    settings: readonly string[],
    readonly time: VirtualTime,
  ) {
    this.loop = new Loop(
      () => undefined,
      () => time.now,
    );
    const lines = ['listen: 127.0.0.1:1', 'redis: true', ...settings, 'servers:'];
    const servers = this.redises.map((_, i) => `  - 10.0.0.${i}:6379:1 server${i}\n`);
    const [config] = parseConfig(`p:\n${lines.map((line) => `  ${line}\n`).join('')}${servers.join('')}`);
    this.pool = new Pool(config, {
      loop: this.loop,
      transport: this.network,
      mbufSize: 16384,
      budget: new BufferBudget(),
      slowAbove: 1e9,
      log: () => undefined,
      onSlow: () => undefined,
    });
  }

  /** @param settings lines of the pool's section besides `listen`, `redis` and `servers` */
  static async open(settings: readonly string[], time: VirtualTime): Promise<FuzzScene> {
    const scene = new FuzzScene(settings, time);
    for (let i = 0; i < SERVERS; i++) await scene.start(i);
    return scene;
  }

  /** Server `i` accepts connections. */
  async start(i: number): Promise<void> {
    const address = { kind: 'tcp', host: `10.0.0.${i}`, port: 6379 } as const;
    const options = { address, backlog: 1, reusePort: false, keepAlive: false, takeTimeout: 0 };
    this.listeners[i] = await this.network.listen(options, (link) => {
      // one server's line takes little at a time, so that requests are written in pieces
      if (i === 0 && link instanceof MemoryLink && link.peer !== null) link.peer.capacity = NARROW;
      return this.redises[i].accept(link);
    });
  }

  /** Server `i` crashes: connections are cut, new ones refused. Its data stays. */
  stop(i: number): void {
    this.listeners[i].close();
    this.redises[i].cut();
  }

  /** A client's end of a new connection to the pool. */
  connect(owner: LinkOwner, capacity = Number.POSITIVE_INFINITY): MemoryLink {
    const [near, far] = [new MemoryLink(), new MemoryLink()];
    near.peer = far;
    far.peer = near;
    near.owner = owner;
    far.capacity = capacity;
    this.network.links.push(near, far);
    far.owner = this.pool.accept(far);
    return near;
  }

  /** Lets everything happen that can without time going by. @throws Error when it never ends */
  settle(): void {
    let steps = 0;
    for (let quiet = 0; quiet < 3; steps++) {
      if (steps > MOST_STEPS) throw new Error('the proxy does not come to rest');
      this.loop.flush();
      quiet = this.network.step() ? 0 : quiet + 1;
    }
  }

  /** Lets time go by and everything happen that is due. */
  pass(milliseconds: number): void {
    this.settle();
    this.time.advance(milliseconds, () => this.settle());
    this.settle();
  }
}

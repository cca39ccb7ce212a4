import { FRAME_DONE, RequestFrame } from '../../proxy/protocol/request-frame.ts';
import type { Link, LinkOwner } from '../../proxy/transport/link.ts';

/** A little Redis without sockets: SET GET MGET MSET DEL EXISTS ECHOKEYS over one shared map a server. */
export class MemoryRedis {
  readonly data = new Map<string, Buffer>();
  readonly links = new Set<MemoryRedisLink>();

  accept(link: Link): LinkOwner {
    const owner = new MemoryRedisLink(this, link);
    this.links.add(owner);
    return owner;
  }

  /** Closes every connection, as a crash would. */
  cut(): void {
    for (const link of this.links) link.link.close();
    this.links.clear();
  }
}

const bulk = (value: Buffer | undefined): Buffer =>
  value === undefined
    ? Buffer.from('$-1\r\n')
    : Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]);

class MemoryRedisLink implements LinkOwner {
  private rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  private readonly frame = new RequestFrame();

  constructor(
    private readonly redis: MemoryRedis,
    readonly link: Link,
  ) {}

  onBytes(chunk: Uint8Array): void {
    const bytes = Buffer.concat([this.rest, chunk]);
    let at = 0;
    for (;;) {
      this.frame.begin(at);
      if (this.frame.parse(bytes, bytes.length) !== FRAME_DONE) break;
      const { args, argc, end } = this.frame;
      const words = Array.from({ length: argc }, (_, i) => bytes.subarray(args[2 * i], args[2 * i + 1]));
      const reply = this.answer(words.map((word) => Buffer.from(word)));
      this.link.write(reply, 0, reply.length);
      at = end;
    }
    this.rest = bytes.subarray(at);
  }

  private answer([name, ...words]: Buffer[]): Buffer {
    const { data } = this.redis;
    const key = (i: number): string => words[i].toString('latin1');
    switch (name.toString().toLowerCase()) {
      case 'set':
        data.set(key(0), words[1]);
        return Buffer.from('+OK\r\n');
      case 'get':
        return bulk(data.get(key(0)));
      case 'mset':
        for (let i = 0; i < words.length; i += 2) data.set(key(i), words[i + 1]);
        return Buffer.from('+OK\r\n');
      case 'mget':
        return Buffer.concat([
          Buffer.from(`*${words.length}\r\n`),
          ...words.map((word) => bulk(data.get(word.toString('latin1')))),
        ]);
      case 'del':
        return Buffer.from(`:${words.filter((_, i) => data.delete(key(i))).length}\r\n`);
      case 'exists':
        return Buffer.from(`:${words.filter((_, i) => data.has(key(i))).length}\r\n`);
      default:
        return Buffer.from('-ERR what?\r\n');
    }
  }

  onWritable(): void {}

  onEnd(): void {
    this.link.finish();
  }

  onClosed(): void {
    this.redis.links.delete(this);
  }
}

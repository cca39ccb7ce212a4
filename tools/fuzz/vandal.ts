import { encodeRequest } from '../../proxy/protocol/replies.ts';
import type { LinkOwner } from '../../proxy/transport/link.ts';
import type { MemoryLink } from '../../proxy/transport/memory.ts';
import type { Chance } from '../../scripts/chance.ts';
import { oneOf } from '../../scripts/chance.ts';
import { mutated } from './mutate.ts';
import type { FuzzScene } from './scene.ts';

const REQUESTS: readonly (readonly string[])[] = [
  ['SET', 'vandal', 'x'.repeat(300)],
  ['GET', 'vandal'],
  ['MGET', 'vandal', 'vandal2', 'vandal3', 'vandal4'],
  ['MSET', 'vandal', '1', 'vandal2', '2', 'vandal3', '3'],
  ['DEL', 'vandal', 'vandal2', 'vandal3'],
  ['EVAL', 'return 1', '2', 'vandal', 'vandal2'],
  ['XREAD', 'COUNT', '1', 'STREAMS', 'vandal', 'vandal2', '0', '0'],
  ['SORT', 'vandal', 'STORE', 'vandal'],
  ['HELLO', '3', 'AUTH', 'default', 'secret', 'SETNAME', 'vandal'],
  ['CLIENT', 'SETNAME', 'vandal'],
  ['COMMAND', 'GETKEYS', 'MSET', 'vandal', '1'],
  ['SELECT', '0'],
  ['QUIT'],
];

/** A client that sends damaged requests, reads nothing at times, and leaves in the middle. */
export class Vandal implements LinkOwner {
  gone = false;
  private readonly link: MemoryLink;

  constructor(
    scene: FuzzScene,
    private readonly chance: Chance,
  ) {
    this.link = scene.connect(this, chance(2) === 0 ? 100 : Number.POSITIVE_INFINITY);
  }

  act(): void {
    const { chance, link } = this;
    if (chance(8) === 0) {
      this.leave();
      return;
    }
    if (chance(6) === 0) link.paused = !link.paused;
    const requests = Array.from({ length: 1 + chance(6) }, () => encodeRequest(oneOf(chance, REQUESTS)));
    const bytes = mutated(Buffer.concat(requests), chance);
    link.write(bytes, 0, bytes.length);
  }

  leave(): void {
    this.gone = true;
    this.link.close();
  }

  onBytes(): void {}

  onWritable(): void {}

  onEnd(): void {
    this.leave();
  }

  onClosed(): void {
    this.gone = true;
  }
}

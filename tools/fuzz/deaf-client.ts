import type { LinkOwner } from '../../proxy/transport/link.ts';
import type { MemoryLink } from '../../proxy/transport/memory.ts';
import type { Chance } from '../../scripts/chance.ts';
import type { FuzzScene } from './scene.ts';

/** A client that listens to nothing of what it is told, does not even read at times, and leaves in the middle. */
export abstract class DeafClient implements LinkOwner {
  gone = false;
  private readonly link: MemoryLink;

  /**
   * @param isNarrow its line takes little at a time
   * @param stays it leaves at one of so many turns
   */
  constructor(
    scene: FuzzScene,
    protected readonly chance: Chance,
    isNarrow: boolean,
    private readonly stays: number,
  ) {
    this.link = scene.connect(this, isNarrow ? 100 : Number.POSITIVE_INFINITY);
  }

  /** What it sends at its next turn. */
  protected abstract next(): Uint8Array;

  act(): void {
    const { chance, link } = this;
    if (chance(this.stays) === 0) {
      this.leave();
      return;
    }
    if (chance(6) === 0) link.paused = !link.paused;
    this.say(this.next());
  }

  protected say(bytes: Uint8Array): void {
    this.link.write(bytes, 0, bytes.length);
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

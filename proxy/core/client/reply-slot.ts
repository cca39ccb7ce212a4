import { ClientSession } from './client-session.ts';
import type { Output } from './output.ts';

const NOTHING = new Uint8Array(0);

/**
 * Room for what most clients have to be sent most of the time: replies that lie side by side in one chunk. With hundreds
 * of clients, what is written for each of them must be fetched from far away, so the fewer objects the better.
 */
export abstract class ReplySlot extends ClientSession {
  protected slot: Uint8Array = NOTHING;
  protected slotFrom = 0;
  protected slotTo = 0;

  protected get slotBytes(): number {
    return this.slotTo - this.slotFrom;
  }

  /** False when it holds something that `chunk[from, to)` does not continue. */
  protected putInSlot(chunk: Uint8Array, from: number, to: number): boolean {
    if (this.slotTo === 0) {
      this.slot = chunk;
      this.slotFrom = from;
    } else if (this.slot !== chunk || this.slotTo !== from) return false;
    this.slotTo = to;
    return true;
  }

  protected moveSlotTo(output: Output): void {
    if (this.slotTo === 0) return;
    output.append(this.slot, this.slotFrom, this.slotTo);
    this.emptySlot();
  }

  protected emptySlot(): void {
    this.slot = NOTHING;
    this.slotFrom = 0;
    this.slotTo = 0;
  }
}

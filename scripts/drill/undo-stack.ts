/** What must be taken back. */
export class UndoStack {
  #undos: Array<() => Promise<void>> = [];

  push(undo: () => Promise<void>): void {
    this.#undos.push(undo);
  }

  /**
   * Takes back everything that is not yet, all at once, as a host that comes back would. What fails does not keep the
   * rest from it, and is thrown at the end.
   */
  async undoAll(): Promise<void> {
    const undos = this.#undos.reverse();
    this.#undos = [];
    const results = await Promise.allSettled(undos.map((undo) => undo()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

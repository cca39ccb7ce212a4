import { connect, type Socket } from 'node:net';

/** So much comes in one read, if it is there. */
const READ_BYTES = 256 * 1024;

/**
 * What a socket sends, read into one piece of memory that is used again: to allocate for each read takes longer than all that is
 * done with it. Nothing is read before it is asked for, so whoever sends waits.
 */
export class ReusedReads implements AsyncIterator<Buffer, undefined> {
  readonly socket: Socket;
  readonly #memory = Buffer.allocUnsafeSlow(READ_BYTES);
  #bytes = 0;
  #isOver = false;
  #error: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(port: number, host: string) {
    const callback = (bytes: number): boolean => {
      this.#bytes = bytes;
      this.#wake();
      return false;
    };
    this.socket = connect({ port, host, onread: { buffer: this.#memory, callback } });
    this.socket.on('error', (error: Error) => {
      this.#error = error;
    });
    this.socket.on('close', () => {
      this.#isOver = true;
      this.#wake();
    });
  }

  /** What has come, good until the next is asked for. @throws Error of the socket */
  async next(): Promise<IteratorResult<Buffer, undefined>> {
    while (this.#bytes === 0) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#isOver) return { done: true, value: undefined };
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.socket.resume();
      await woken;
    }
    const value = this.#memory.subarray(0, this.#bytes);
    this.#bytes = 0;
    return { done: false, value };
  }
}

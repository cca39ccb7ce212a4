import { setTimeout as sleep } from 'node:timers/promises';
import { Wire } from '../bench/wire.ts';

/**
 * What may come instead of an answer while servers are killed and stopped: the proxy's own words, and those of a server that
 * starts again, which reach its client as they are.
 */
export const ERRORS =
  /^ERR (Connection refused|Connection timed out|Connection reset by peer|Broken pipe|unknown)$|^LOADING |^EXECABORT .*: LOADING |^ERR '\w+' waited on /;

/** Of a server that hangs, or goes, while it is asked to subscribe. */
const NOT_SUBSCRIBED =
  /^ERR (server '\w+' did not confirm it within \d+ ms|the server closed the connection)$/;

/** The original's words for a server connection that was closed under a part of a request; any other request gets `unknown`. */
export const ERRORS_OF_SPLIT = /^ERR Invalid argument$/;

/** An error that says so promises that nothing was done. */
export const NOTHING_DONE = /; not executed$|^LOADING |^EXECABORT |^ERR Connection refused$/;

/** Of a connection that ended; a client begins another. */
const CLOSED = /^the connection was closed$|ECONNRESET|EPIPE/;

/** A connection that is opened anew when it ends. */
export class Reopened {
  private wire: Wire | undefined;

  /** @param greet said at the beginning of each connection */
  constructor(
    private readonly port: number,
    private readonly greet: (wire: Wire) => Promise<unknown> = async () => undefined,
  ) {}

  /**
   * Does something over the connection.
   * @returns what it gave, or what came instead: an error's words, or null for the end of the connection
   * @throws Error when something came that may not
   */
  async do<T>(what: (wire: Wire) => Promise<T>): Promise<{ value: T } | { error: string | null }> {
    try {
      this.wire ??= await this.open();
      return { value: await what(this.wire) };
    } catch (error) {
      const { message } = error as Error;
      if (![CLOSED, ERRORS, NOT_SUBSCRIBED].some((words) => words.test(message))) throw error;
      if (CLOSED.test(message)) this.close();
      // a server that is away refuses at once
      await sleep(5);
      return { error: CLOSED.test(message) ? null : message };
    }
  }

  private async open(): Promise<Wire> {
    const wire = await Wire.open({ host: '127.0.0.1', port: this.port });
    try {
      await this.greet(wire);
    } catch (error) {
      wire.close();
      throw error;
    }
    return wire;
  }

  close(): void {
    this.wire?.close();
    this.wire = undefined;
  }
}

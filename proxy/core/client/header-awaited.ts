import { readProxyHeader } from '../../protocol/proxy-header.ts';
import type { LinkOwner } from '../../transport/link.ts';
import type { Client } from './client.ts';
import type { Watched } from './client-watch.ts';

/** How long a header may take that has begun, where `auth_timeout` says nothing. Milliseconds. */
const HEADER_LIMIT = 5000;
const NOTHING = new Uint8Array(0);

/**
 * Stands before a client whose connection comes from where the header of PROXY protocol is believed, until it is known
 * whether there is one. Then the client has its link to itself.
 */
export class HeaderAwaited implements LinkOwner, Watched {
  private readonly since: number;
  /** What may become a header. */
  private begun: Uint8Array = NOTHING;
  private isOver = false;

  constructor(private readonly client: Client) {
    this.since = client.pool.loop.now();
  }

  onBytes(chunk: Uint8Array): void {
    const { client, begun } = this;
    const bytes = begun.length === 0 ? chunk : Buffer.concat([begun, chunk]);
    const reading = readProxyHeader(bytes);
    if (reading.kind === 'more') {
      if (begun.length === 0) client.pool.clientWatch.add(this);
      this.begun = bytes;
      return;
    }
    this.end();
    if (reading.kind === 'bad') {
      this.bounce(reading.fault);
      return;
    }
    const start = reading.kind === 'done' ? reading.end : 0;
    if (reading.kind === 'done' && reading.source !== null) client.source = reading.source;
    if (start < bytes.length) client.onBytes(bytes.subarray(start));
  }

  onWritable(): void {
    this.client.onWritable();
  }

  onEnd(): void {
    this.end();
    this.tellHalf();
    this.client.onEnd();
  }

  onClosed(code: string | null): void {
    this.end();
    this.tellHalf();
    this.client.onClosed(code);
  }

  look(now: number): boolean {
    if (this.isOver) return false;
    const { config } = this.client.pool;
    const limit = config.authTimeout || HEADER_LIMIT;
    if (!this.client.isClosing && now - this.since < limit) return true;
    this.end();
    this.bounce(`did not come as a whole within ${limit} ms`);
    return false;
  }

  private end(): void {
    this.isOver = true;
    this.client.link.leadTo(this.client);
  }

  private tellHalf(): void {
    if (this.begun.length > 0) this.tell('ended half-way');
  }

  private bounce(fault: string): void {
    this.tell(fault);
    if (!this.client.isClosing) this.client.protocolError(`PROXY header ${fault}`);
  }

  private tell(fault: string): void {
    const { remote, pool } = this.client;
    pool.warnOfClients(`client ${remote} is closed: its PROXY header ${fault}`);
  }
}

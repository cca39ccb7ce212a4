let lastId = 0;

/** Clients that come from now on get ids above `id`. */
export function numberClientsFrom(id: number): void {
  lastId = id;
}

/** Who a client is, and what it has said of itself. */
export class ClientSession {
  readonly id = ++lastId;
  readonly connectedAt = Date.now();
  /** What CLIENT SETNAME and SETINFO said. */
  name = '';
  library = '';
  libraryVersion = '';
  /** 2 or 3, see HELLO. */
  protocol = 2;
  /**
   * A MULTI was refused: what follows it up to EXEC or DISCARD is a transaction, and must not run command by command,
   * whether or not it comes in the same read. Applications send it without waiting for the answer to MULTI.
   */
  transactionRefused = false;

  /** @param authenticated whether it may go on without a password */
  constructor(public authenticated: boolean) {}

  /** Not everything is served now. */
  get isRestricted(): boolean {
    return !this.authenticated || this.transactionRefused;
  }
}

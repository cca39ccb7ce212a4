import { encodeRequest } from '../../protocol/replies.ts';
import type { ConnectedServer } from './connected-server.ts';
import { databaseOf, type Lane, protocolOf } from './lane.ts';

/** Checks the reply to one step; returns the text for the clients when it will not do. */
type Check = (reply: Buffer) => string | null;

/**
 * What is said to a server before the first request: AUTH (before SELECT, where the original has it the other way
 * round), SELECT, and for servers that Sentinel names, ROLE. Every answer is looked at.
 */
export class Handshake {
  readonly greeting: Buffer;
  private readonly checks: Check[] = [];
  /** The server has not got the database that its client has selected. */
  lacksDatabase = false;

  constructor(
    private readonly server: ConnectedServer,
    lane: Lane,
    greeting: readonly (string | Uint8Array)[] | null = null,
  ) {
    const { config } = server;
    const requests: (readonly (string | Uint8Array)[])[] = [];
    const step = (request: readonly (string | Uint8Array)[], check: Check): void => {
      requests.push(request);
      this.checks.push(check);
    };
    const password = config.serverPassword ?? config.redisAuth;
    if (password !== null) {
      step(config.serverUser === null ? ['AUTH', password] : ['AUTH', config.serverUser, password], (reply) =>
        this.checkAuth(reply),
      );
    }
    if (protocolOf(lane) === 3)
      step(['HELLO', '3'], (reply) => this.expectNoError(reply, 'does not speak RESP3'));
    const database = databaseOf(lane, config.redisDb);
    if (database > 0) {
      step(['SELECT', String(database)], (reply) => {
        const fault = this.expectNoError(reply, `has no db ${database}`);
        // that of the pool itself is the operator's, and without it the server is no use to anybody
        this.lacksDatabase = fault !== null && database !== config.redisDb;
        return fault;
      });
    }
    if (server.followed) step(['ROLE'], (reply) => this.checkRole(reply));
    if (greeting !== null)
      step(greeting, (reply) => this.expectNoError(reply, `refused ${greeting.slice(0, 2).join(' ')}`));
    this.greeting = Buffer.concat(requests.map((request) => encodeRequest(request)));
  }

  /** True when no (further) answer is expected. */
  get isEmpty(): boolean {
    return this.checks.length === 0;
  }

  /** Takes the next reply. Returns a text for the clients when the server is no use. */
  accept(reply: Buffer): string | null {
    const check = this.checks.shift();
    return check ? check(reply) : null;
  }

  private checkAuth(reply: Buffer): string | null {
    const text = reply.toString('latin1');
    // a server without a password: the original does not even look, so this must go on working
    if (/^-ERR (AUTH <password> called without any password|Client sent AUTH, but no password)/.test(text)) {
      this.server.warnOnce('no-password', `server '${this.server.name}' has no password, ours is not used`);
      return null;
    }
    return this.expectNoError(reply, 'refused our password');
  }

  private checkRole(reply: Buffer): string | null {
    const text = reply.toString('latin1');
    if (text.startsWith('-NOPERM')) {
      this.server.warnOnce('no-role', `server '${this.server.name}' does not let us ask for its ROLE`);
      return null;
    }
    if (/^\*\d+\r\n\$6\r\nmaster\r\n/.test(text)) return null;
    this.server.onDemoted();
    return `server '${this.server.name}' is not a master`;
  }

  private expectNoError(reply: Buffer, complaint: string): string | null {
    if (reply[0] !== 45) return null;
    const words = reply.toString('latin1', 1).trimEnd();
    const fault = `server '${this.server.name}' ${complaint}: ${words}`;
    this.server.warnOnce(complaint, fault);
    return fault;
  }
}

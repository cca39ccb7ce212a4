import type { Command } from '../../protocol/command-table.ts';
import { errorReply, NOT_EXECUTED } from '../../protocol/replies.ts';
import type { Receiver } from '../base/receiver.ts';
import { FanOut, type ServerReply } from '../routing/fan-out.ts';
import type { ServerConnection } from '../server/connection.ts';
import { forConnection } from '../server/segment.ts';
import type { PoolServer } from '../server/server.ts';
import { InTurn } from './in-turn.ts';
import type { Session } from './session.ts';

/**
 * A request that is answered from what servers say, one question after the other. It has the session to itself, so that
 * it sees what was written before it on every server, and one client asks one such question at a time, whatever it sends.
 * Masters are asked, also where replicas are read from.
 */
export class Inquiry extends InTurn {
  /**
   * @param waiting bytes of the request that are kept until it is answered
   * @param onTurn called when its turn has come; it asks, and in the end answers once
   */
  constructor(
    session: Session,
    private readonly command: Command,
    readonly waiting: number,
    private readonly onTurn: (inquiry: Inquiry) => void,
  ) {
    super(session);
  }

  protected begin(): void {
    this.onTurn(this);
  }

  /**
   * All servers are asked the same; `done` gets their replies in the order of the pool's servers.
   * @param command by default that of the client
   */
  askAll(
    request: Uint8Array,
    done: (replies: readonly ServerReply[]) => void,
    command: number = this.command.id,
  ): void {
    this.sendAll(
      (connection, who, number) =>
        connection.send(who, number, command, forConnection(request), 0, request.length),
      done,
    );
  }

  /** The same for what is more than one request: `send` sends it over a server's connection, to be answered once. */
  sendAll(
    send: (connection: ServerConnection, who: Receiver, number: number) => void,
    done: (replies: readonly ServerReply[]) => void,
  ): void {
    const { session } = this;
    const fan = this.fan(done);
    for (const server of session.routing.servers) {
      fan.ask(server, (who, number) => {
        if (!server.live) who.fail(number, errorReply(`it is ejected; ${NOT_EXECUTED}`));
        else send(server.pick(session.lane), who, number);
      });
    }
    fan.close();
  }

  /**
   * One server is asked, over a connection of its.
   * @param command by default that of the client
   */
  ask(
    server: PoolServer,
    connection: ServerConnection,
    request: Uint8Array,
    done: (reply: ServerReply) => void,
    command: number = this.command.id,
  ): void {
    const fan = this.fan(([reply]) => done(reply));
    fan.ask(server, (who, number) => connection.send(who, number, command, request, 0, request.length));
    fan.close();
  }

  private fan(done: (replies: readonly ServerReply[]) => void): FanOut {
    const { session, tag } = this;
    return new FanOut(session, tag, session.pool.config.requestBytes, (replies) => {
      if (!this.isOver) done(replies);
    });
  }

  /** The reply, in pieces; they belong to the client from now on. */
  answer(...pieces: Uint8Array[]): void {
    const { session, tag } = this;
    session.replyInParts(tag, pieces);
    session.soloEnded();
  }
}

import { commandId } from '../../../protocol/command-table.ts';
import { wordAt } from '../../../protocol/key-positions.ts';
import { encodeRequest, errorReply } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import type { ServerReply } from '../../routing/fan-out.ts';
import type { Routing } from '../../routing/routing.ts';
import type { ServerConnection } from '../../server/connection.ts';
import type { PoolServer } from '../../server/server.ts';
import { element, text } from '../answered.ts';
import { Inquiry } from '../inquiry.ts';
import { failureOf } from '../partial.ts';
import { refuse, wrongArity } from '../refusals.ts';
import type { Handler, Session } from '../session.ts';
import { isCursor, processTag, ScanCursors, type ScanPlace } from './scan-cursor.ts';

const INFO = commandId('info');
const WHO_ARE_YOU = encodeRequest(['INFO', 'server']);
/** Times that a server is asked for one SCAN while its process changes again and again. */
const MOST_ATTEMPTS = 6;
/** COUNT is a hint. A server looks at no more at once, for everybody else waits meanwhile; it is about 20 ms. */
const MOST_AT_ONCE = 100_000;

const cursorsOf = new WeakMap<Routing, Map<number, ScanCursors>>();

/** Who is behind a connection, as long as it has the same socket. */
interface KnownProcess {
  readonly sockets: number;
  readonly tag: number;
}
const processes = new WeakMap<ServerConnection, KnownProcess>();

/**
 * SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]: one server after the other, one page each time. A server's own
 * cursor means something to the process that gave it and to no other, for each spreads its keys over its table by a secret
 * of its own. So after a switch of master, or a restart, that server is walked again from its start: keys may come twice,
 * as ever with SCAN, and none is missed.
 */
export const scan: Handler = (session, command, frame, buffer) => {
  if (frame.argc < 2) {
    refuse(session, wrongArity(command));
    return;
  }
  const given = text(frame, buffer, 1);
  if (!isCursor(given)) {
    refuse(session, 'invalid cursor');
    return;
  }
  const cursors = cursorsFor(session);
  const page = new ScanPage(session, cursors, cursors.decode(given), optionsOf(frame, buffer));
  session.runAlone(new Inquiry(session, command, frame.end, (inquiry) => page.begin(inquiry)));
};

function cursorsFor({ database, pool, routing }: Session): ScanCursors {
  const known = cursorsOf.get(routing) ?? new Map<number, ScanCursors>();
  cursorsOf.set(routing, known);
  const cursors = known.get(database) ?? new ScanCursors(pool.config, database);
  known.set(database, cursors);
  return cursors;
}

/** What stands behind the cursor, with a COUNT that is not too large. */
function optionsOf(frame: RequestFrame, buffer: Uint8Array): Uint8Array[] {
  const options: Uint8Array[] = [];
  for (let i = 2; i < frame.argc; i++) {
    const isCount = i % 2 === 1 && wordAt(frame, buffer, i - 1) === 'count';
    const isTooLarge =
      isCount && /^[0-9]+$/.test(text(frame, buffer, i)) && Number(text(frame, buffer, i)) > MOST_AT_ONCE;
    options.push(isTooLarge ? Buffer.from(String(MOST_AT_ONCE)) : new Uint8Array(element(frame, buffer, i)));
  }
  return options;
}

/** One SCAN of a client. */
class ScanPage {
  private readonly server: PoolServer;
  private attempts = 0;

  constructor(
    private readonly session: Session,
    private readonly cursors: ScanCursors,
    private readonly from: ScanPlace,
    private readonly options: readonly Uint8Array[],
  ) {
    this.server = session.routing.servers[from.server];
  }

  begin(inquiry: Inquiry): void {
    const { server, session } = this;
    if (!server.live) {
      inquiry.answer(
        errorReply(`'scan' needs '${server.name}', which is ejected: its keys would be missing`),
      );
      return;
    }
    if (this.attempts++ >= MOST_ATTEMPTS) {
      inquiry.answer(
        errorReply(`the master of '${server.name}' changes again and again; send the same SCAN again`),
      );
      return;
    }
    const connection = server.pick(session.lane);
    const known = processes.get(connection);
    if (known?.sockets === connection.sockets) this.askPage(inquiry, connection, known);
    else this.meet(inquiry, connection);
  }

  private fail(inquiry: Inquiry, reply: ServerReply): void {
    inquiry.answer(failureOf('scan', reply, this.session.routing.servers.length));
  }

  /** Finds out whose cursors this connection gives. */
  private meet(inquiry: Inquiry, connection: ServerConnection): void {
    const { server } = this;
    inquiry.ask(
      server,
      connection,
      WHO_ARE_YOU,
      (reply) => {
        const said = Buffer.from(reply.bytes).toString('latin1');
        if (reply.isError && !said.startsWith('-NOPERM')) {
          this.fail(inquiry, reply);
          return;
        }
        // who may not ask goes by the address
        const run = /^run_id:(\w+)\r$/m.exec(said)?.[1] ?? JSON.stringify(server.address);
        processes.set(connection, { sockets: connection.sockets, tag: processTag(run) });
        this.begin(inquiry);
      },
      INFO,
    );
  }

  private askPage(inquiry: Inquiry, connection: ServerConnection, known: KnownProcess): void {
    const { from, options, server } = this;
    const place = from.process === known.tag ? from.place : 0n;
    const request = encodeRequest(['SCAN', String(place), ...options]);
    inquiry.ask(server, connection, request, (reply) => {
      if (reply.isError) this.fail(inquiry, reply);
      // it was sent again to somebody else, to whom the place meant nothing
      else if (connection.sockets !== known.sockets) this.begin(inquiry);
      else this.answer(inquiry, reply.bytes, known);
    });
  }

  private answer(inquiry: Inquiry, reply: Uint8Array, known: KnownProcess): void {
    const bytes = Buffer.from(reply.buffer, reply.byteOffset, reply.length);
    const found = /^\*2\r\n\$\d{1,2}\r\n(\d{1,20})\r\n/.exec(bytes.toString('latin1', 0, 48));
    if (found === null) {
      inquiry.answer(errorReply(`'${this.server.name}' answered SCAN with what is no page of it`));
      return;
    }
    const cursor = this.after(BigInt(found[1]), known.tag);
    if (cursor === null) {
      inquiry.answer(errorReply(`'${this.server.name}' has too many keys for a cursor of this pool`));
      return;
    }
    const head = Buffer.from(`*2\r\n$${cursor.length}\r\n${cursor}\r\n`);
    inquiry.answer(head, reply.subarray(found[0].length));
  }

  /** The cursor behind a page at whose end the server said `place`. */
  private after(place: bigint, process: number): string | null {
    const { server } = this.from;
    if (place > 0n) return this.cursors.encode({ server, place, process });
    const isLast = server + 1 === this.session.routing.servers.length;
    return isLast ? '0' : this.cursors.encode({ server: server + 1, place: 0n, process: 0 });
  }
}

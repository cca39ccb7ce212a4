import { commandId } from '../../../protocol/command-table.ts';
import { wordAt } from '../../../protocol/key-positions.ts';
import {
  arrayOf,
  bulkReply,
  encodeRequest,
  errorReply,
  integerReply,
  OK,
  SYNTAX_ERROR,
} from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { FanOut } from '../../routing/fan-out.ts';
import { element } from '../answered.ts';
import { InTurn } from '../in-turn.ts';
import { partialFailure } from '../partial.ts';
import type { Answer, Session } from '../session.ts';
import { MOST_PREFIXES } from './broadcasts.ts';
import { framed } from './peers.ts';
import { Tracking, type TrackingOptions, trackingOf } from './tracking.ts';

const CLIENT = commandId('client');
/** Answered only when the connection's greeting was, and with it CLIENT TRACKING ON. */
const PROBE = encodeRequest(['CLIENT', 'GETREDIR']);
const DIFFERENT_MODE =
  'before disabling tracking for this client, and then re-enabling it with a different mode.';

/** CLIENT TRACKING ON|OFF …: when everything before it is answered, and answered when every server tracks. */
export class TrackingRequest extends InTurn {
  /** @param request its bytes, its own */
  constructor(
    session: Session,
    private readonly request: Uint8Array,
  ) {
    super(session);
  }

  get waiting(): number {
    return this.request.length;
  }

  protected begin(): void {
    const { request, session } = this;
    const frame = framed(request);
    const options = optionsIn(frame, request);
    if (options instanceof Uint8Array) this.end(options);
    else if (wordAt(frame, request, 2) === 'off') {
      trackingOf(session)?.end();
      this.end(OK);
    } else if (wordAt(frame, request, 2) !== 'on') this.end(SYNTAX_ERROR);
    else this.track(options);
  }

  private track(options: TrackingOptions): void {
    const { session } = this;
    const before = trackingOf(session);
    const fault = modeFault(session, options, before?.options ?? null);
    if (fault !== null) {
      this.end(errorReply(fault));
      return;
    }
    // without a prefix it is all keys, which is the empty one
    const added = options.bcast && options.prefixes.length === 0 ? [''] : options.prefixes;
    const prefixes = [...new Set([...(before?.options.prefixes ?? []), ...added])].sort();
    const wanted = { ...options, prefixes };
    if (before !== undefined && JSON.stringify(before.options) === JSON.stringify(wanted)) {
      this.end(OK);
      return;
    }
    // what the servers have remembered so far goes with the old connections
    before?.onLost();
    before?.end();
    const begun = Tracking.begin(session, wanted);
    if (begun instanceof Tracking) this.askServers(begun);
    else this.end(errorReply(begun));
  }

  private askServers(tracking: Tracking): void {
    const { session, tag } = this;
    const fan = new FanOut(session, tag, session.pool.config.requestBytes, (replies) => {
      if (this.isOver) return;
      const failure = partialFailure('client tracking', replies);
      if (failure === null) tracking.confirm();
      else tracking.end();
      this.end(failure ?? OK);
    });
    for (const server of session.routing.servers) {
      if (!server.live) continue;
      fan.ask(server, (who, number) =>
        server.pick(session.lane).send(who, number, CLIENT, PROBE, 0, PROBE.length),
      );
    }
    fan.close();
  }
}

function optionsIn(frame: RequestFrame, buffer: Uint8Array): TrackingOptions | Uint8Array {
  const words = new Set<string>();
  const prefixes: string[] = [];
  for (let i = 3; i < frame.argc; i++) {
    const word = wordAt(frame, buffer, i);
    const hasMore = i + 1 < frame.argc;
    if (word === 'redirect' && hasMore) {
      return errorReply(
        "'client tracking' with REDIRECT is not served: what is invalidated comes over the connection itself, with RESP3 (HELLO 3)",
      );
    }
    if (word === 'prefix' && hasMore)
      prefixes.push(Buffer.from(element(frame, buffer, ++i)).toString('latin1'));
    else if (/^(bcast|optin|optout|noloop)$/.test(word)) words.add(word);
    else return SYNTAX_ERROR;
  }
  if (prefixes.length > MOST_PREFIXES)
    return errorReply(`'client tracking' has at most ${MOST_PREFIXES} prefixes here`);
  const [bcast, optin, optout, noloop] = ['bcast', 'optin', 'optout', 'noloop'].map((word) =>
    words.has(word),
  );
  return { bcast, optin, optout, noloop, prefixes };
}

/** Why it cannot be, in Redis' words and in its order (networking.c). */
function modeFault(session: Session, now: TrackingOptions, before: TrackingOptions | null): string | null {
  if (!now.bcast && now.prefixes.length > 0) return 'PREFIX option requires BCAST mode to be enabled';
  if (before !== null && before.bcast !== now.bcast)
    return `You can't switch BCAST mode on/off ${DIFFERENT_MODE}`;
  if (now.bcast && (now.optin || now.optout)) return 'OPTIN and OPTOUT are not compatible with BCAST';
  if (now.optin && now.optout) return "You can't specify both OPTIN mode and OPTOUT mode";
  if (before !== null && ((now.optin && before.optout) || (now.optout && before.optin)))
    return `You can't switch OPTIN/OPTOUT mode ${DIFFERENT_MODE}`;
  if (session.protocol !== 3)
    return "'client tracking' is served with RESP3 only (HELLO 3): RESP2 has no way to say what is invalidated";
  return now.bcast ? collision(now.prefixes, before?.prefixes ?? []) : null;
}

function collision(prefixes: readonly string[], existing: readonly string[]): string | null {
  const overlap = (one: string, other: string): boolean => one.startsWith(other) || other.startsWith(one);
  for (const [i, prefix] of prefixes.entries()) {
    const known = existing.find((each) => overlap(each, prefix));
    if (known !== undefined)
      return `Prefix '${prefix}' overlaps with an existing prefix '${known}'. Prefixes for a single client must not overlap.`;
    const twin = prefixes.slice(i + 1).find((each) => overlap(each, prefix));
    if (twin !== undefined)
      return `Prefix '${prefix}' overlaps with another provided prefix '${twin}'. Prefixes for a single client must not overlap.`;
  }
  return null;
}

/** CLIENT CACHING YES|NO */
export const clientCaching: Answer = (session, frame, buffer) => {
  const fault = cachingFault(session, frame, buffer);
  const tracking = trackingOf(session);
  if (fault !== null || tracking === undefined) return fault ?? OK;
  tracking.caching = wordAt(frame, buffer, 2) === 'yes' ? 'yes' : 'no';
  return OK;
};

/** The same in a transaction that the servers need not be told of: nobody is tracked, or all is in doubt afterwards (WATCH). */
export const clientCachingQueued: Answer = (session, frame, buffer) =>
  cachingFault(session, frame, buffer) ?? OK;

/** Why CLIENT CACHING cannot be, in Redis' words; null when it can. */
function cachingFault(session: Session, frame: RequestFrame, buffer: Uint8Array): Uint8Array | null {
  const tracking = trackingOf(session);
  const { optin = false, optout = false } = tracking?.options ?? {};
  if (tracking === undefined)
    return errorReply(
      'CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
    );
  const word = wordAt(frame, buffer, 2);
  if (word !== 'yes' && word !== 'no') return SYNTAX_ERROR;
  if (word === 'yes' && !optin)
    return errorReply('CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.');
  if (word === 'no' && !optout)
    return errorReply('CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.');
  return null;
}

/** CLIENT GETREDIR: nobody's are redirected. */
export const clientGetRedir: Answer = (session) => integerReply(trackingOf(session) === undefined ? -1 : 0);

/** CLIENT TRACKINGINFO */
export const clientTrackingInfo: Answer = (session) => {
  const { protocol } = session;
  const tracking = trackingOf(session);
  const flags = [tracking === undefined ? 'off' : 'on'];
  if (tracking !== undefined) {
    const { bcast, noloop, optin, optout } = tracking.options;
    if (bcast) flags.push('bcast');
    if (optin) flags.push('optin');
    if (tracking.caching === 'yes') flags.push('caching-yes');
    if (optout) flags.push('optout');
    if (tracking.caching === 'no') flags.push('caching-no');
    if (noloop) flags.push('noloop');
  }
  const prefixes = tracking?.options.prefixes ?? [];
  return Buffer.concat([
    Buffer.from(protocol === 3 ? '%3\r\n' : '*6\r\n'),
    bulkReply('flags'),
    Buffer.from(protocol === 3 ? `~${flags.length}\r\n` : `*${flags.length}\r\n`),
    ...flags.map((flag) => bulkReply(flag)),
    bulkReply('redirect'),
    integerReply(tracking === undefined ? -1 : 0),
    bulkReply('prefixes'),
    arrayOf(prefixes.map((prefix) => bulkReply(Buffer.from(prefix, 'latin1')))),
  ]);
};

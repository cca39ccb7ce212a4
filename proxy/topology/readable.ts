import type { Place } from './decide.ts';

/*
 * Which replicas may be read from: pure decisions over what INFO said. Nothing here reads a clock or a socket.
 */

/** What a master or a replica said about its replication (INFO replication). */
export interface ReplicationView {
  /** When it said so, milliseconds of a monotonic clock. */
  at: number;
  role: string;
  /** Identifies the history of writes that it has; a promotion begins another. */
  history: string;
  /** How many bytes of that history it has. */
  offset: number;
  /** Of a replica: it receives what its master writes, and nothing is missing from before. */
  linked: boolean;
  /** Of a master: its replicas that are online, as they announce themselves. */
  replicas: Place[];
}

/** How often everybody is asked. Milliseconds. */
export const LOOK = 500;
/** Who has not answered for so long is not read from. Milliseconds. */
const SILENCE = 2.5 * LOOK;

/** Reads the reply to INFO replication. */
export function parseReplication(text: string, at: number): ReplicationView {
  const fields = new Map(
    text.split('\r\n').map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
  const role = fields.get('role') ?? '';
  return {
    at,
    role,
    history: fields.get('master_replid') ?? '',
    offset: Number(fields.get(role === 'slave' ? 'slave_repl_offset' : 'master_repl_offset') ?? 0),
    linked: fields.get('master_link_status') === 'up' && fields.get('master_sync_in_progress') === '0',
    replicas: [...fields].flatMap(([name, value]) => (/^slave\d+$/.test(name) ? onlineReplica(value) : [])),
  };
}

/** `ip=…,port=…,state=online,offset=…,lag=…` */
function onlineReplica(text: string): Place[] {
  const parts = new Map(text.split(',').map((part) => part.split('=', 2) as [string, string]));
  const host = parts.get('ip');
  if (host === undefined || parts.get('state') !== 'online') return [];
  return [{ host, port: Number(parts.get('port')) }];
}

/**
 * Whether a replica may be read from at `now`: it answers, follows this master's history, and has everything that the
 * master had `maxLag` milliseconds before.
 * @param master what the master said over the last while, oldest first
 */
export function mayRead(
  master: readonly ReplicationView[],
  replica: ReplicationView | undefined,
  now: number,
  maxLag: number,
): boolean {
  const newest = master.at(-1);
  if (newest === undefined || replica === undefined) return false;
  if (now - newest.at > SILENCE || now - replica.at > SILENCE) return false;
  if (newest.role !== 'master' || replica.role !== 'slave' || !replica.linked) return false;
  if (newest.history !== replica.history) return false;
  // what the master wrote since it last had no more than the replica may be missing
  const reached = master.findLast(
    (view) => view.history === replica.history && view.offset <= replica.offset,
  );
  return reached !== undefined && (reached === newest || replica.at - reached.at <= maxLag);
}

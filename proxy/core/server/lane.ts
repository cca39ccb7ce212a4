/**
 * What a server connection speaks and which database it is in, as one small number: the connections of a server that are
 * of use to a client are those of its lane. RESP2 in the pool's first database is 2, RESP3 there is 3; of database n they
 * are 4(n+1) above. A plain number, for the way of every request goes by it.
 */
export type Lane = number;

/** RESP2 in the pool's first database: where clients begin, and what the proxy asks for itself. */
export const FIRST_LANE: Lane = 2;
/** RESP3 there. */
export const FIRST_LANE_RESP3: Lane = 3;

const DATABASE_STEP = 4;
/** What is at least this is a lane of one client alone; the client's number counts in these. */
const HOLDER_STEP = 2 ** 24;

/**
 * @param protocol 2 or 3
 * @param first the pool's first database, see `redis_db`
 */
export function laneOf(protocol: number, database: number, first: number): Lane {
  return database === first ? protocol : DATABASE_STEP * (database + 1) + protocol;
}

/** 2 or 3. */
export function protocolOf(lane: Lane): number {
  return lane % DATABASE_STEP;
}

/** @param first the pool's first database */
export function databaseOf(lane: Lane, first: number): number {
  const shared = sharedLane(lane);
  return shared < DATABASE_STEP ? first : Math.floor(shared / DATABASE_STEP) - 1;
}

/** True for what all clients share who are in another database than the first. */
export function isSharedElsewhere(lane: Lane): boolean {
  return lane >= DATABASE_STEP && !isOwnLane(lane);
}

/** True for a lane that one client has to itself. */
export function isOwnLane(lane: Lane): boolean {
  return lane >= HOLDER_STEP;
}

/** The same protocol and database over connections of the client `holder` alone; of 0, over those of all. */
export function ownLane(lane: Lane, holder: number): Lane {
  return sharedLane(lane) + HOLDER_STEP * holder;
}

/** The client whose lane it is; 0 = everybody's. */
export function holderOf(lane: Lane): number {
  return Math.floor(lane / HOLDER_STEP);
}

/** The same protocol and database over the connections of all. */
export function sharedLane(lane: Lane): Lane {
  return lane % HOLDER_STEP;
}

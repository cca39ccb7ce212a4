/** Latency histogram: bucket i counts what took less than 2^i microseconds. */
export const LATENCY_BUCKETS = 28;

/** What is counted of one server; names and meaning as in the original's stats. */
export class ServerCounters {
  eof = 0;
  errors = 0;
  timedOut = 0;
  connected = 0;
  /** Connections ever opened. */
  totalConnections = 0;
  /** Microseconds since the epoch, 0 = never. */
  ejectedAt = 0;
  requests = 0;
  requestBytes = 0;
  responses = 0;
  responseBytes = 0;
  readonly latency = new Float64Array(LATENCY_BUCKETS);
  /** Sum of all latencies in milliseconds. */
  latencySum = 0;
}

/** What is counted of one pool. */
export class PoolCounters {
  clientEof = 0;
  clientErrors = 0;
  clientConnections = 0;
  /** Wrong passwords that clients have said. */
  clientWrongPasswords = 0;
  serverEjects = 0;
  forwardErrors = 0;
  /** Clients that wait at a server for something to come. */
  blockedClients = 0;
  /** Answers to such clients that had left by then: what they popped is lost. */
  undelivered = 0;
  /** Requests that wait and take something, whose connection to the server was lost and whose client got no error: they may have been answered. */
  inDoubt = 0;
  /** Clients that cache, and are told what changes (CLIENT TRACKING). */
  trackingClients = 0;
  /** Other proxies that did not answer when they were asked about their clients. */
  peersSilent = 0;
  /** Clients that listen to channels or patterns. */
  subscribedClients = 0;
  /** Clients that ever connected. */
  totalConnections = 0;
  /** Requests by command id. */
  readonly commands: Float64Array;

  constructor(commandCount: number) {
    this.commands = new Float64Array(commandCount);
  }
}

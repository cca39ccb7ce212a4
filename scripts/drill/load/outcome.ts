import type { Outcome } from './ledger.ts';

/** Answers that say the write was not carried out: Redis' own, and whatever the proxy ends so. */
const NOT_EXECUTED =
  /^(READONLY|MASTERDOWN|LOADING|NOREPLICAS|MISCONF|NOAUTH|WRONGPASS|OOM|EXECABORT) |not executed\)?$/;

/** What ioredis says of a request whose connection went away, in words that do not tell of ioredis. */
const LOST = /max retries per request|Connection is closed|aborted due to connection close/;

/** What an error tells the application about its write: anything but a clear no leaves the outcome open. */
export const outcomeOf = (reason: string): Outcome => (NOT_EXECUTED.test(reason) ? 'refused' : 'unknown');

/** Why a request failed: the server's own words, or that its connection was lost. */
export const reasonOf = ({ message }: Error): string =>
  LOST.test(message) ? 'the connection was lost before the answer' : message;

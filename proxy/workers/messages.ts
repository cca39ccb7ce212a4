import type { LogChange } from '../admin/serving.ts';
import type { Snapshot } from '../admin/snapshot.ts';
import type { PoolConfig } from '../config/pool.ts';

/** What a worker is told once, when it starts. */
export interface WorkerSettings {
  /** 1 to `workers`; a replacement has its predecessor's. */
  place: number;
  workers: number;
  /** How many were started before it: no two workers of a supervisor have the same. */
  generation: number;
  output: string | null;
  verbose: number;
  mbufSize: number;
  slowLog: number;
  /** Bytes. */
  bufferLimit: number;
}

/** From the supervisor to a worker. */
export type Order =
  | { kind: 'start'; settings: WorkerSettings; configs: PoolConfig[] }
  | { kind: 'reload'; configs: PoolConfig[] }
  | { kind: 'let-go' }
  | { kind: 'drain'; limit: number }
  | { kind: 'log'; change: LogChange }
  | { kind: 'report' }
  | { kind: 'client'; pool: string; words: string[] }
  | { kind: 'said'; question: number; replies: string[] };

export interface OrderMessage {
  number: number;
  order: Order;
}

/** From a worker: number 0 says that it is there, others answer the order of that number. */
export interface AnswerMessage {
  number: number;
  /** Why the order could not be carried out; null = done. */
  error: string | null;
  /** The answer to `report`. */
  snapshot: Snapshot | null;
  /** The answer to `client`, in latin1; null when it does not serve the pool. */
  reply: string | null;
}

/** From a worker: the others are to carry out `CLIENT words` (in latin1) among their clients of a pool; `said` follows. */
export interface QuestionMessage {
  question: number;
  pool: string;
  words: string[];
}

/** In the environment of a worker. */
export const WORKER_MARKER = 'NUTCRACKER_WORKER';

/** True in a process that a supervisor started. */
export function isWorker(): boolean {
  return process.env[WORKER_MARKER] === '1';
}

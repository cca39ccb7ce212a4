import { join } from 'node:path';
import type { BackupRecord } from '../backup/record.ts';
import type { Home } from '../stack/home.ts';
import { parseList, readIfPresent, writePrivate } from '../stack/private-file.ts';

/** An engine's process on this machine, as the kernel tells of it. */
export interface EngineProcess {
  readonly pid: number;
  /** Full path of the program. */
  readonly program: string;
  readonly arguments: readonly string[];
  /** Where its output goes, when that is a file. */
  readonly logFile?: string;
}

/** How somebody who was not there takes a fault back. */
export type Remedy =
  /** The container is started unless it runs; let go on when it is frozen; or its network is freed of what drills cut. */
  | { readonly kind: 'start' | 'thaw' | 'heal'; readonly member: string }
  /** Processes of a container that run a program are continued. */
  | { readonly kind: 'continue'; readonly member: string; readonly program: string }
  /** The engine is started as it was. */
  | { readonly kind: 'engine'; readonly process: EngineProcess; readonly socket: string }
  /** Cables, power and processes of the hosts of a lab are given back. */
  | { readonly kind: 'lab' }
  /** A setting is being deployed that the stack file has not: whoever deploys that file takes it back. */
  | { readonly kind: 'deploy' }
  /** The last backup that failed is again the one before that of the drill; undefined = none had failed. */
  | { readonly kind: 'backup'; readonly lastFailure?: BackupRecord['lastFailure'] };

/** A fault that a drill is about to make. */
export interface Fault {
  /** In words, as what has become of whom: `alpha-shard-1-a is frozen`. */
  readonly what: string;
  readonly remedy: Remedy;
}

/** One that was written down. */
export interface NotedFault extends Fault {
  readonly drill: string;
  /** ISO 8601. */
  readonly since: string;
}

/** Path of the file that tells what drills have broken at a stack and not taken back yet. */
export const faultsFile = (home: Home, stack: string): string => join(home.stack(stack), 'drill-faults.json');

/** What drills have broken and not taken back, as they wrote down; a damaged file says nothing. */
export function readFaults(home: Home, stack: string): readonly NotedFault[] {
  return parseFaults(readIfPresent(faultsFile(home, stack)) ?? '[]') ?? [];
}

/** The faults in a text; undefined when it is no such list. */
export const parseFaults = (text: string): readonly NotedFault[] | undefined => parseList(text, isFault);

function isFault(value: unknown): value is NotedFault {
  const { drill, since, what, remedy } = Object(value) as Partial<NotedFault>;
  return [drill, since, what, remedy?.kind].every((word) => typeof word === 'string');
}

/**
 * What a running drill has broken, written down before it breaks it: a drill that is killed takes nothing back. The file
 * need outlive the process only, not the machine: what a drill breaks does not outlive that either.
 */
export class FaultNotes {
  readonly #home: Home;
  readonly #stack: string;
  #faults: readonly NotedFault[] = [];

  constructor(home: Home, stack: string) {
    this.#home = home;
    this.#stack = stack;
  }

  /** Writes a fault down. Returns what strikes it out. */
  add(drill: string, fault: Fault): () => void {
    const noted = { drill, since: new Date().toISOString(), ...fault };
    this.#write([...this.#faults, noted]);
    return () => this.#write(this.#faults.filter((each) => each !== noted));
  }

  #write(faults: readonly NotedFault[]): void {
    this.#faults = faults;
    const content = `${JSON.stringify(faults, null, 2)}\n`;
    writePrivate(faultsFile(this.#home, this.#stack), content, { durable: false });
  }
}

import type { GuardState } from '../../sentinel/guard/messages.ts';
import type { AnyPlan } from '../../topology/types.ts';
import type { BackupRecord } from '../backup/record.ts';
import type { Problem } from '../observe/assess.ts';
import type { ContainerState } from '../observe/engine.ts';
import type { StackStatus } from '../observe/status.ts';
import type { Conflict } from '../prepare/conflicts.ts';

/** All that is known of a stack when its doctor judges. What could not be seen is undefined, or not in the map. */
export interface Facts {
  readonly plan: AnyPlan;
  /** Milliseconds since 1970, by this machine. */
  readonly now: number;
  readonly engine: EngineFacts;
  /** Of several hosts, those that are not reached, by domain. */
  readonly away: ReadonlyMap<string, AwayHost>;
  readonly files: FileFacts;
  /** All containers with the stack's label, by name. */
  readonly containers: ReadonlyMap<string, ContainerState>;
  readonly status?: StackStatus;
  /** What `status` calls degraded. */
  readonly problems: readonly Problem[];
  /** What each redis' guard says, by member. */
  readonly guards: ReadonlyMap<string, GuardState>;
  readonly vitals: ReadonlyMap<string, Vitals>;
  /** What keepalived last said of its state, by edge and VIP: MASTER, BACKUP, FAULT. */
  readonly vrrp: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The last lines of members that do not run, or not for long. */
  readonly lastLines: ReadonlyMap<string, readonly string[]>;
  readonly memory: ReadonlyMap<string, MemoryUse>;
  /** By domain. */
  readonly hosts: ReadonlyMap<string, HostFacts>;
  /** Members whose files, as stack.yaml makes them now, are not those that they run with, and which files. */
  readonly drift: ReadonlyMap<string, readonly string[]>;
  /** Names and addresses of the stack that others have. */
  readonly conflicts: readonly Conflict[];
  /** How the last backups from here went. */
  readonly backups: BackupRecord;
  /** Faults of a drill that was cut off, in words. */
  readonly leftFaults: readonly string[];
  /** What could not be seen, and why; checks that need it find nothing. */
  readonly unseen: readonly string[];
}

export type EngineFacts =
  | {
      readonly kind: 'answers';
      readonly address: string /** Ahead of this machine, milliseconds. */;
      readonly ahead: number;
    }
  | {
      readonly kind: 'absent' | 'silent' | 'forbidden' | 'other';
      readonly address: string;
      readonly detail: string;
    };

/** A machine that does not answer, or does not let us in: why, and what to do. */
export interface AwayHost {
  readonly docker: string;
  readonly what: string;
  readonly remedy: string;
}

export interface FileFacts {
  readonly credentialsPath: string;
  /** A text: what is wrong with it. */
  readonly credentials: 'good' | 'missing' | { readonly damaged: string };
  /** Damaged files that `up` makes anew, with what that costs. */
  readonly damaged: ReadonlyArray<{ readonly path: string; readonly outcome: string }>;
}

/** INFO of a redis or a sentinel, as far as somebody could have to do something about it. */
export interface Vitals {
  /** Its clock, ahead of this machine's, milliseconds; and how exact that is. */
  readonly ahead: number;
  readonly exactTo: number;
  readonly usedMemory: number;
  readonly maxMemory: number;
  readonly maxMemoryPolicy: string;
  readonly evictedKeys: number;
  readonly clients: number;
  readonly maxClients: number;
  readonly aofWrites: boolean;
  readonly aofRewrites: boolean;
  readonly saves: boolean;
}

/** Memory of a container, bytes: of its processes, without what the kernel keeps of files. */
export interface MemoryUse {
  readonly used: number;
  readonly limit: number;
}

/** What the machine under a domain looks like from inside a member. */
export interface HostFacts {
  /** Of the disk with the data volumes, bytes. */
  readonly diskFree: number;
  readonly diskSize: number;
  /** vm.overcommit_memory. */
  readonly overcommit: number;
}

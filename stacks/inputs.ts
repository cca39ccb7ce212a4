import type { ImageKind } from '../topology/container-options.ts';
import type { AnyPlan, Plan } from '../topology/types.ts';

/** An image to build on the engine, named by the hash of all that goes into it. */
export interface ImageInput {
  /** `twemstack/<kind>:<hash>` */
  readonly name: string;
  /** Build context, relative to a stack's folder in cdktf.out, so that a moved checkout changes nothing. */
  readonly context: string;
  /** Base image, passed as build argument BASE. */
  readonly base: string;
}

/** A rendered file waiting on the operator's side; terraform's state gets its path and hash, never its content. */
export interface SeedInput {
  readonly name: string;
  /** Relative to a stack's folder in cdktf.out. */
  readonly source: string;
  /** SHA-256 of the content. */
  readonly sha256: string;
  /** SHA-256 of the part that only a new start of the daemon puts in force: when it changes, the container is replaced. */
  readonly fixedSha256: string;
}

/** For `required_providers`. */
export interface ProviderInput {
  readonly source: string;
  readonly version: string;
}

/** How terraform reaches the engine of a domain. What is here is no part of any state: a machine may get another address. */
export interface EngineInput {
  /** `ssh://user@host` or `tcp://host:port`. */
  readonly host: string;
  /** For ssh://: further arguments of ssh. */
  readonly sshOpts?: readonly string[];
  /** For tcp://: folder with ca.pem, cert.pem and key.pem, relative to a stack's folder. */
  readonly certPath?: string;
}

/** All that the stacks are wired from; whoever makes it has decided everything. */
export interface StackInputs {
  readonly plan: AnyPlan;
  /** Value of INSTANCE_LABEL. */
  readonly instance: string;
  /** Those that the plan needs. */
  readonly images: Readonly<Record<ImageKind, ImageInput>>;
  readonly seeds: ReadonlyMap<string, readonly SeedInput[]>;
  readonly provider: ProviderInput;
  /** Folder of the state files, relative to a stack's folder. */
  readonly stateDir: string;
  /** The app's output folder that the relative paths suit, absolute. @default any: whoever synthesises sees to it */
  readonly outdir?: string;
  /**
   * Members that had a data volume and have no place in the plan any more, by data stack: their volumes stay in the
   * configuration, for terraform destroys what is not in it.
   */
  readonly keptMembers: ReadonlyMap<string, readonly string[]>;
  /** False only for `down --volumes`: lets terraform destroy the data volumes. */
  readonly protectData: boolean;
  /** Engine of each domain, by its name. @default that of DOCKER_HOST for all of them */
  readonly engines?: ReadonlyMap<string, EngineInput>;
}

/** The same of a stack on one engine. */
export interface ServiceInputs extends StackInputs {
  readonly plan: Plan;
}

import type Docker from 'dockerode';
import type { AnyPlan, Credentials } from '../../topology/types.ts';
import type { Environment } from '../prepare/environment.ts';
import type { Reporter } from '../report/steps.ts';
import type { Home } from '../stack/home.ts';

/** A stack, and all it is deployed with. */
export interface Deployment {
  readonly home: Home;
  readonly plan: AnyPlan;
  readonly credentials: Credentials;
  readonly environment: Environment;
  /** All engines of the stack as one. */
  readonly engine: Docker;
  /** That paths of the stack file are relative to. @default the home */
  readonly folder?: string;
  /** Domains whose host is not reached, and why: the others are gone on with. @default none */
  readonly away?: ReadonlyMap<string, string>;
  /** Machines that the stack file has no longer and where something of the stack is: domain -> address. @default none */
  readonly former?: ReadonlyMap<string, string>;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

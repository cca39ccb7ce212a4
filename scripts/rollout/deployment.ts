import type Docker from 'dockerode';
import type { Credentials, Plan } from '../../topology/types.ts';
import type { Environment } from '../prepare/environment.ts';
import type { Reporter } from '../report/steps.ts';
import type { Home } from '../stack/home.ts';

/** A stack, and all it is deployed with. */
export interface Deployment {
  readonly home: Home;
  readonly plan: Plan;
  readonly credentials: Credentials;
  readonly environment: Environment;
  readonly engine: Docker;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

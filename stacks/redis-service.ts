import { resolve } from 'node:path';
import type { PlanDomain } from '../topology/types.ts';
import { App, Construct } from './cdktf.ts';
import { DataStack } from './data-stack.ts';
import { DomainStack } from './domain-stack.ts';
import type { ServiceInputs } from './inputs.ts';
import { NetworkStack } from './network-stack.ts';

/** What one failure domain is made of. */
export interface ServiceDomain {
  readonly plan: PlanDomain;
  /** Its data volumes. */
  readonly data: DataStack;
  /** Its containers. */
  readonly members: DomainStack;
}

/** Where applications connect. */
export interface Endpoint {
  /** The virtual IP. */
  readonly host: string;
  readonly port: number;
  /** Docker network that leads there: for `networksAdvanced` of an application's container. */
  readonly network: string;
}

/**
 * One highly available, sharded Redis service, in terraform stacks of an app: one for the networks and the images, and for each
 * failure domain one for its data volumes and one for its containers. Domains do not depend on each other: a dead one must
 * not block the others.
 *
 * Its stacks stand in `scope` itself, beside those of the app, so that `cdktf deploy` knows them by the names of the plan.
 */
export class RedisService extends Construct {
  readonly network: NetworkStack;
  readonly domains: readonly ServiceDomain[];
  readonly #inputs: ServiceInputs;

  /**
   * @param scope the app, or a construct of it that is in no stack
   * @param inputs as `prepareService` makes them
   * @throws Error when there are two copies of cdktf, or the app is synthesised to another folder than `inputs` are made for
   */
  constructor(scope: Construct, id: string, inputs: ServiceInputs) {
    demandOneCdktf(scope);
    super(scope, id);
    demandFolder(this, inputs);
    this.#inputs = inputs;
    this.network = new NetworkStack(scope, inputs);
    this.domains = inputs.plan.domains.map((domain) => {
      const data = new DataStack(scope, domain, inputs);
      const members = new DomainStack(scope, domain, inputs);
      members.addDependency(this.network);
      members.addDependency(data);
      return { plan: domain, data, members };
    });
  }

  /**
   * Where applications reach a pool, in plain values: no stack of theirs has to read the state of ours.
   *
   * @param pool name of a pool; the first one unless it is said
   * @throws RangeError when there is no such pool
   */
  endpoint(pool?: string): Endpoint {
    const { pools, vip, front } = this.#inputs.plan;
    const found = pool === undefined ? pools[0] : pools.find(({ name }) => name === pool);
    if (found === undefined) {
      const names = pools.map(({ name }) => name).join(', ');
      throw new RangeError(`there is no pool "${pool}"; the pools are ${names}`);
    }
    return { host: vip, port: found.listen, network: front.name };
  }
}

/** Two copies build two trees, which do not know each other's parts: resources would be missing without a word. */
function demandOneCdktf(scope: Construct): void {
  const { root } = scope.node;
  if (!App.isApp(root))
    throw new Error(
      `a RedisService is placed in an App, and ${scope.node.path || 'its scope'} is in none; give it the App`,
    );
  if (root instanceof App) return;
  throw new Error(
    'the app comes from another copy of cdktf than the one that twemstack finds, and they cannot share a tree; ' +
      '`npm ls cdktf` shows both: ask for one version in package.json, then `npm dedupe`',
  );
}

/** The paths of contexts, files and states are relative to the folder of a stack below the app's output. */
function demandFolder(service: Construct, { outdir }: ServiceInputs): void {
  const given = resolve(App.of(service).outdir);
  if (outdir === undefined || given === outdir) return;
  throw new Error(
    `the app is synthesised to ${given}, and its service is prepared for ${outdir}; ` +
      'prepare it with the folder that cdktf.out shall be in, or run the app there',
  );
}

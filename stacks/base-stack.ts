import {
  Aspects,
  type Construct,
  DockerProvider,
  type DockerProviderConfig,
  LocalBackend,
  TerraformStack,
} from './cdktf.ts';
import { HardeningAspect } from './hardening-aspect.ts';
import type { EngineInput, StackInputs } from './inputs.ts';

/**
 * What every stack shares: one Docker provider, pinned, and a local state file.
 *
 * The bindings pin provider 3.6.2, which deletes a stopped container at refresh where 4.5.0 starts it in place.
 * The engine's address is left to DOCKER_HOST, so that it is not part of the plan; of several hosts each has its own.
 */
export class BaseStack extends TerraformStack {
  constructor(scope: Construct, id: string, inputs: StackInputs, engine?: EngineInput) {
    super(scope, id);
    new DockerProvider(this, 'docker', engine === undefined ? {} : providerOf(engine));
    this.addOverride('terraform.required_providers.docker', {
      source: inputs.provider.source,
      version: inputs.provider.version,
    });
    new LocalBackend(this, { path: `${inputs.stateDir}/${id}.tfstate` });
    // On every stack, because cdktf never visits what an aspect of the whole app covers.
    Aspects.of(this).add(new HardeningAspect());
  }
}

const providerOf = ({ certPath, host, sshOpts }: EngineInput): DockerProviderConfig => ({
  host,
  ...(certPath === undefined ? {} : { certPath }),
  ...(sshOpts === undefined ? {} : { sshOpts: [...sshOpts] }),
});

import type Docker from 'dockerode';
import type { Contents } from '../data/contents.ts';
import { keptVolumes } from '../data/volumes.ts';
import { stackInputs, synth } from '../deploy/synth.ts';
import { Terraform } from '../deploy/terraform.ts';
import type { Deployment } from './deployment.ts';
import { applyStack } from './roll-domain.ts';

/**
 * Removes data volumes that an operator named, when nothing uses them any more: by terraform those it knows, and the rest,
 * of domains that are gone, from the engine.
 */
export async function removeData(deployment: Deployment, volumes: readonly Contents[]): Promise<void> {
  if (volumes.length === 0) return;
  const { home, plan, credentials, environment, folder, reporter, signal } = deployment;
  const going = new Set(volumes.map(({ volume }) => volume));
  const known = keptVolumes(home, plan, (volume) => going.has(volume));
  const inputs = stackInputs(home, plan, credentials, environment, {
    keep: (volume) => !going.has(volume),
    folder,
  });
  await synth(home, inputs, environment.provider);
  const terraform = new Terraform(environment.terraform, signal);
  for (const [stack, names] of known) {
    if (names.length === 0) continue;
    await applyStack({ ...deployment, terraform }, stack);
    for (const name of names) going.delete(name);
  }
  for (const name of going) await removeVolume(deployment.engine, name);
  reporter.note(`removed for good: ${volumes.map(({ volume }) => volume).join(', ')}`);
}

async function removeVolume(engine: Docker, name: string): Promise<void> {
  try {
    await engine.getVolume(name).remove();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
  }
}

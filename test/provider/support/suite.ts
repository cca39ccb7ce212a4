/** What every case gets. */
import type { TestContext } from 'node:test';
import type Docker from 'dockerode';
import type { ContainerInspectInfo } from 'dockerode';
import type { ProviderUnderTest } from './provider-under-test.ts';
import { IMAGE } from './test-image.ts';
import { Workspace } from './workspace.ts';

export interface Suite {
  readonly provider: ProviderUnderTest;
  readonly dockerHost: string;
  readonly docker: Docker;
  /** The engine's machine has it. */
  readonly device: string;
}

/** Suites are made before the engine runs; the cases ask for this when they run. */
export type SuiteOf = () => Suite;

/** Opens a workspace that cleans up after the test. */
export function openWorkspace(t: TestContext, suite: Suite): Workspace {
  const workspace = new Workspace(suite.provider, suite.dockerHost);
  t.after(() => workspace.close());
  return workspace;
}

/** The arguments of a container that stays up, ends at once when told to, and needs no network. */
export function sleeper(name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: `tw-provider-${name}`,
    image: IMAGE,
    command: ['sleep', '1000000'],
    network_mode: 'none',
    log_driver: 'json-file',
    log_opts: { 'max-size': '1m' },
    ...more,
  };
}

export async function inspect(suite: Suite, name: string): Promise<ContainerInspectInfo> {
  return suite.docker.getContainer(`tw-provider-${name}`).inspect();
}

/** Is there a container of this name? */
export async function exists(suite: Suite, name: string): Promise<boolean> {
  return inspect(suite, name).then(
    () => true,
    () => false,
  );
}

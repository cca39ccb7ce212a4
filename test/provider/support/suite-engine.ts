/** The engine the suite runs on: one of its own, or for development the one named. */
import { join } from 'node:path';
import type Docker from 'dockerode';
import { dockerClient } from '../../../scripts/docker-client.ts';
import { cacheFolder } from '../../../scripts/prepare/debian-base.ts';
import { startTestEngine } from '../../support/engine.ts';

/**
 * Address of an engine to use instead of starting one, for `ssh://` with an `ssh` that knows the way in PATH, for `tcp://` with
 * DOCKER_CERT_PATH and DOCKER_TLS_VERIFY (`twemstack lab up` says both). Everything named tw-provider-* on it is fair game.
 */
const ENGINE_VARIABLE = 'TWEMSTACK_TEST_ENGINE';

export interface SuiteEngine {
  readonly dockerHost: string;
  readonly docker: Docker;
  stop(): Promise<void>;
}

export async function openEngine(): Promise<SuiteEngine> {
  const named = process.env[ENGINE_VARIABLE];
  if (!named) {
    return startTestEngine(join(cacheFolder(), 'provider-engine'));
  }
  return { dockerHost: named, docker: await dockerClient(named), stop: () => Promise.resolve() };
}

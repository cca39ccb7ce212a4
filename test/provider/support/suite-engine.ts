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
/** Of a named engine's machine: a host of the lab has this one. */
const NAMED_DEVICE = 'eth0';

export interface SuiteEngine {
  readonly dockerHost: string;
  readonly docker: Docker;
  /** Its machine's device on a network. */
  readonly device: string;
  stop(): Promise<void>;
}

export async function openEngine(): Promise<SuiteEngine> {
  const named = process.env[ENGINE_VARIABLE];
  if (!named) {
    const own = await startTestEngine(join(cacheFolder(), 'provider-engine'));
    return { dockerHost: own.dockerHost, docker: own.docker, device: `${own.netns}-in`, stop: own.stop };
  }
  const docker = await dockerClient(named);
  return { dockerHost: named, docker, device: NAMED_DEVICE, stop: () => Promise.resolve() };
}

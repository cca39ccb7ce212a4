import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { INSTANCE_LABEL } from '../../stacks/owner-label.ts';
import type { Home } from './home.ts';
import { readIfPresent, writePrivate } from './private-file.ts';
import { attributesInStates } from './terraform-state.ts';

const instanceFile = (home: Home, stack: string): string => join(home.stack(stack), 'instance');

/**
 * What tells this deployment from one of the same name made from another checkout; undefined before the first one. When
 * its file is lost or damaged, the labels in terraform's states tell it.
 */
export function readInstance(home: Home, stack: string): string | undefined {
  const text = readIfPresent(instanceFile(home, stack))?.trim() ?? '';
  return /^[0-9a-f]{16}$/.test(text) ? text : instanceInStates(home, stack);
}

export function ensureInstance(home: Home, stack: string): string {
  const instance = readInstance(home, stack) ?? randomBytes(8).toString('hex');
  writeInstance(home, stack, instance);
  return instance;
}

export function writeInstance(home: Home, stack: string, instance: string): void {
  home.privateDir(home.stack(stack));
  const content = `${instance}\n`;
  if (readIfPresent(instanceFile(home, stack)) !== content) {
    writePrivate(instanceFile(home, stack), content);
  }
}

interface Labelled {
  readonly labels: ReadonlyArray<{ readonly label: string; readonly value: string }>;
}

function instanceInStates(home: Home, stack: string): string | undefined {
  const containers = attributesInStates<Labelled>(home, stack, 'docker_container');
  const labels = containers.flatMap((container) => container.labels ?? []);
  return labels.find(({ label }) => label === INSTANCE_LABEL)?.value;
}

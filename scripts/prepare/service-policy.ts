import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Debian asks this program before a package's scripts start a service; exit 101 forbids (invoke-rc.d(8)). */
export const POLICY_FILE = '/usr/sbin/policy-rc.d';
const FORBIDDEN = 101;
const MARK = 'twemstack: put back by the installation that wrote this';

/**
 * Runs `work` while packages may not start services: whoever installs haproxy to test with it does not want it to
 * listen. What was there before is put back, also by the next run when this one is killed.
 */
export async function withoutServiceStarts<T>(work: () => Promise<T>, policyFile = POLICY_FILE): Promise<T> {
  const saved = `${policyFile}.twemstack-saved`;
  restore(policyFile, saved);
  if (forbids(policyFile)) return work();
  if (existsSync(policyFile)) renameSync(policyFile, saved);
  writeFileSync(policyFile, `#!/bin/sh\n# ${MARK}\nexit ${FORBIDDEN}\n`);
  chmodSync(policyFile, 0o755);
  try {
    return await work();
  } finally {
    restore(policyFile, saved);
  }
}

function forbids(policyFile: string): boolean {
  return existsSync(policyFile) && spawnSync(policyFile, ['any', 'start']).status === FORBIDDEN;
}

/** Removes our file and puts back what it stood in for; does nothing when ours is not there. */
function restore(policyFile: string, saved: string): void {
  if (existsSync(policyFile) && readFileSync(policyFile, 'utf8').includes(MARK)) rmSync(policyFile);
  if (!existsSync(policyFile) && existsSync(saved)) renameSync(saved, policyFile);
}

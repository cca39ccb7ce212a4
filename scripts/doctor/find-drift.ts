import { createHash } from 'node:crypto';
import type { SeedInput } from '../../stacks/inputs.ts';
import type { AnyPlan, Credentials } from '../../topology/types.ts';
import { broughtFiles, pendingFiles, readInForce } from '../deploy/in-force.ts';
import { renderMembers } from '../render/member-files.ts';
import { storedAlertSecrets } from '../stack/alert-secrets.ts';
import { furtherPasswords } from '../stack/credentials.ts';
import type { Home } from '../stack/home.ts';
import type { Facts } from './facts.ts';

/**
 * Members that run with other files than the stack file makes now, and which; undefined when what was brought to them is not
 * known here. Writes nothing.
 */
export function findDrift(
  home: Home,
  plan: AnyPlan,
  credentials: Credentials,
  containers: Facts['containers'],
): Facts['drift'] | undefined {
  const rendered = renderMembers(
    plan,
    credentials,
    furtherPasswords(home, plan.name),
    storedAlertSecrets(home, plan.name),
  );
  const records = readInForce(home, plan.name);
  const drift = new Map<string, readonly string[]>();
  let known = false;
  for (const domain of plan.domains) {
    const brought = broughtFiles(home, plan.name, domain);
    const broughtAt = containers.get(domain.seedContainer)?.createdAt;
    if (brought.size === 0 || broughtAt === undefined) continue;
    known = true;
    for (const { name } of domain.members) {
      const container = containers.get(name);
      if (container?.status !== 'running') continue;
      const wanted = (rendered.get(name) ?? []).map(
        (file): SeedInput => ({
          name: file.name,
          source: '',
          sha256: sha256(file.content),
          fixedSha256: sha256(file.fixed),
        }),
      );
      const files = pendingFiles(wanted, container, broughtAt, brought.get(name) ?? {}, records[name]);
      if (files.length > 0) drift.set(name, files);
    }
  }
  return known ? drift : undefined;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

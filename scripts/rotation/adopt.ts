import { join } from 'node:path';
import type Docker from 'dockerode';
import { INSTANCE_LABEL } from '../../stacks/owner-label.ts';
import { ACCOUNTS, type Account, type AnyPlan, type Credentials, type Role } from '../../topology/types.ts';
import {
  APPLICATION_FILE,
  broughtTo,
  containersOf,
  type Hashes,
  knownHashes,
  type MemberFiles,
  sha256,
  strangeAccounts,
} from '../data/known-passwords.ts';
import { NotSoError } from '../errors.ts';
import { newPassword, type StoredCredentials } from '../stack/credentials.ts';
import type { Home } from '../stack/home.ts';
import { readIfPresent } from '../stack/private-file.ts';

/** Passwords that were found, and of whom they had to be drawn anew. */
export interface Adopted {
  readonly stored: StoredCredentials;
  readonly drawn: readonly Account[];
  /** Whether members exist that know other passwords than the drawn ones. */
  readonly membersExist: boolean;
  /** Of the deployment that the members belong to; undefined when there are none. */
  readonly instance: string | undefined;
}

/** Where a password stands in clear among a member's files: the part of a file that an expression's group catches. */
const PLACES: ReadonlyArray<readonly [account: Account, role: Role, file: string, place: RegExp]> = [
  ['application', 'proxy', APPLICATION_FILE, /^(\S+)$/gm],
  ['proxy', 'proxy', 'proxy.password', /^(\S+)$/gm],
  ['replication', 'redis', 'redis.conf', /^masterauth (\S+)$/gm],
  ['sentinel', 'sentinel', 'sentinel.conf', /^sentinel sentinel-pass (\S+)$/gm],
  ['guard', 'redis', 'guard.json', /"passwords": \[\s*"([^"]+)"/g],
  ['monitor', 'monitor', 'redis-passwords.json', /: "([^"]+)"/g],
];

/**
 * The passwords of a stack whose credentials are lost, from the files of its members: those in containers, running or
 * not, else those that were rendered here last. A password counts when the members' accounts know it. That of `operator`
 * stands nowhere in clear; it, and whatever else is not found, is drawn anew.
 *
 * @param backup passwords to take instead, each of which the accounts must know
 * @throws NotSoError when the backup is not of this stack
 */
export async function adopt(
  home: Home,
  plan: AnyPlan,
  engine: Docker,
  backup: StoredCredentials | undefined,
): Promise<Adopted> {
  const containers = await containersOf(engine, plan.name);
  const members = broughtTo(engine, containers);
  const rendered = plan.members.map(({ name, role }): MemberFiles => {
    const read = async (file: string) => readIfPresent(join(home.stack(plan.name), 'seed', name, file));
    return { role, read };
  });
  const sources = members.length > 0 ? members : rendered;
  const known = await knownHashes(sources);
  const membersExist = members.length > 0;
  const instance = containers
    .map(({ Labels }) => Labels[INSTANCE_LABEL])
    .find((label) => label !== undefined);
  if (backup !== undefined) {
    demandKnown(backup.passwords, known);
    return { stored: backup, drawn: [], membersExist, instance };
  }
  const found = await passwordsIn(sources, known);
  // Of an account that no member has ever heard of, nothing was lost.
  const drawn = ACCOUNTS.filter(
    (account) => found.get(account) === undefined && (account !== 'monitor' || known.has(account)),
  );
  const passwords = Object.fromEntries(
    ACCOUNTS.map((account) => [account, found.get(account)?.[0] ?? newPassword()]),
  ) as Record<Account, string>;
  const [, other] = found.get('application') ?? [];
  // Which of the two is the new one is not to be seen; both stay good until people say otherwise.
  const rotating = other === undefined ? {} : { application: { phase: 'use' as const, other } };
  return { stored: { passwords, rotating }, drawn, membersExist, instance };
}

async function passwordsIn(
  sources: readonly MemberFiles[],
  known: Hashes,
): Promise<ReadonlyMap<Account, readonly string[]>> {
  const found = new Map<Account, readonly string[]>();
  for (const [account, role, file, place] of PLACES) {
    for (const source of sources.filter((candidate) => candidate.role === role)) {
      const words = [...((await source.read(file)) ?? '').matchAll(place)].map(([, word]) => word);
      const good = words.filter((word) => known.get(account)?.has(sha256(word)) === true);
      if (good.length > (found.get(account)?.length ?? 0)) found.set(account, good);
    }
  }
  return found;
}

function demandKnown(passwords: Credentials, known: Hashes): void {
  const strange = strangeAccounts(passwords, known);
  if (strange.length === 0) return;
  throw new NotSoError(`the members know other passwords of ${strange.join(', ')} than that file has`, {
    remedy: 'nothing was changed; take a newer backup, or `twemstack secret adopt` without --from',
  });
}

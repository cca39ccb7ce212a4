import { createHash } from 'node:crypto';
import type Docker from 'dockerode';
import { SEED_DIR } from '../../sentinel/paths.ts';
import { OWNER_LABEL } from '../../stacks/owner-label.ts';
import { ACCOUNTS, type Account, type Credentials, type Role } from '../../topology/types.ts';
import { readFileIn } from '../observe/engine.ts';

/** Of the proxies: every password that applications may present, one a line. */
export const APPLICATION_FILE = 'application.password';

/** A member's file by name, from its container or from what was rendered here. */
export interface MemberFiles {
  readonly role: Role;
  read(file: string): Promise<string | undefined>;
}

/** The containers of a stack, running or not. */
export function containersOf(engine: Docker, stack: string): Promise<Docker.ContainerInfo[]> {
  return engine.listContainers({ all: true, filters: { label: [`${OWNER_LABEL}=${stack}`] } });
}

/** The files that were brought to those of these containers that are members. */
export const broughtTo = (engine: Docker, containers: readonly Docker.ContainerInfo[]): MemberFiles[] =>
  containers.flatMap(({ Id, Labels }): MemberFiles[] => {
    const role = Labels['twemstack.role'] as Role | undefined;
    return role === undefined
      ? []
      : [{ role, read: (file) => readFileIn(engine, Id, `${SEED_DIR}/${file}`) }];
  });

/** SHA-256 of the passwords that accounts have, by account; what applications present, the proxies decide. */
export type Hashes = ReadonlyMap<string, ReadonlySet<string>>;

/** The accounts that members have, and by which passwords. What no member has is not in it. */
export async function knownHashes(sources: readonly MemberFiles[]): Promise<Hashes> {
  const texts = await Promise.all(
    sources
      .filter(({ role }) => role === 'redis' || role === 'sentinel')
      .map(({ read }) => read('users.acl')),
  );
  const hashes = new Map<string, Set<string>>();
  for (const line of texts.flatMap((text) => text?.split('\n') ?? [])) {
    const [, account, rules] = /^user (\S+) (.*)$/.exec(line) ?? [];
    if (account === undefined) continue;
    const own = rules.split(' ').flatMap((word) => (word.startsWith('#') ? [word.slice(1)] : []));
    hashes.set(account, new Set([...(hashes.get(account) ?? []), ...own]));
  }
  const proxies = sources.filter(({ role }) => role === 'proxy');
  const lists = await Promise.all(proxies.map(({ read }) => read(APPLICATION_FILE)));
  const presented = lists.flatMap((text) => text?.split('\n') ?? []).filter((line) => line !== '');
  if (presented.length > 0) hashes.set('application', new Set(presented.map(sha256)));
  return hashes;
}

/** The accounts of which no member knows this password, though members have the account. */
export const strangeAccounts = (passwords: Credentials, known: Hashes): Account[] =>
  ACCOUNTS.filter((account) => known.get(account)?.has(sha256(passwords[account])) === false);

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

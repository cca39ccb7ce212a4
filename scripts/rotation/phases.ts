import type { Account } from '../../topology/types.ts';
import type { Rotation, StoredCredentials } from '../stack/credentials.ts';

/**
 * How a password is changed without an error: first the new one becomes good besides the old one everywhere, then
 * everybody uses it, then the old one is forgotten. Between two phases every member must have heard of the last one.
 */

/** The new password is decided; nobody uses it yet. */
export function begin(stored: StoredCredentials, account: Account, password: string): StoredCredentials {
  return withRotation(stored, account, { phase: 'accept', other: password });
}

/** The next phase, when every member has heard of the present one; the last one ends the rotation. */
export function advance({ passwords, rotating }: StoredCredentials, account: Account): StoredCredentials {
  const rotation = rotating[account];
  if (rotation === undefined) throw new RangeError(`the password of ${account} is not being changed`);
  switch (rotation.phase) {
    case 'accept': {
      const [before, next] = [passwords[account], rotation.other ?? passwords[account]];
      const stored = { passwords: { ...passwords, [account]: next }, rotating };
      return withRotation(stored, account, { phase: 'use', other: before });
    }
    case 'use':
      return withRotation({ passwords, rotating }, account, { phase: 'forget' });
    case 'forget': {
      const { [account]: _done, ...others } = rotating;
      return { passwords, rotating: others };
    }
  }
}

const withRotation = (
  { passwords, rotating }: StoredCredentials,
  account: Account,
  rotation: Rotation,
): StoredCredentials => ({ passwords, rotating: { ...rotating, [account]: rotation } });

/**
 * Whether the old password must stay good until people say otherwise: applications have it, and only they know when the
 * last of them has the new one. Everything else that uses a password is told by twemstack itself.
 */
export const waitsForPeople = (account: Account): boolean => account === 'application';

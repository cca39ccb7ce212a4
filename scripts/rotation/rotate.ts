import type { Account } from '../../topology/types.ts';
import { NotSoError } from '../errors.ts';
import type { Deployment } from '../rollout/deployment.ts';
import { demandWhole, lookAhead, rollOut } from '../rollout/roll-out.ts';
import {
  demandStored,
  newPassword,
  ROTATION_PHASES,
  type RotationPhase,
  type StoredCredentials,
  writeStored,
} from '../stack/credentials.ts';
import { advance, begin, waitsForPeople } from './phases.ts';

const DOING: Readonly<Record<RotationPhase, string>> = {
  accept: 'the new password becomes good besides the old one',
  use: 'everybody uses the new one, the old one is still good',
  forget: 'the old one is forgotten',
};

/**
 * Changes the password of an account, phase by phase, each rolled out domain by domain with gates. What was interrupted
 * goes on where it stopped. For `application` it stops while both passwords are good; `finish` forgets the old one.
 *
 * @returns whether the old password is still good
 */
export async function rotate(deployment: Deployment, account: Account, finish: boolean): Promise<boolean> {
  const { home, plan, reporter } = deployment;
  const before = demandStored(home, plan.name);
  let stored = startOrContinue(deployment, before, account, finish);
  /** Nobody has heard of the new password yet: it need not stay. */
  let isUnknown = before.rotating[account] === undefined;
  for (;;) {
    const phase = stored.rotating[account]?.phase;
    if (phase === undefined) return false;
    reporter.note(`${account}: ${DOING[phase]}`);
    try {
      const present = { ...deployment, credentials: stored.passwords };
      const outlook = await lookAhead(present);
      demandWhole(plan, outlook);
      isUnknown = false;
      await rollOut(present, outlook);
    } catch (error) {
      if (isUnknown) {
        writeStored(home, plan.name, before);
        throw error;
      }
      const number = ROTATION_PHASES.indexOf(phase) + 1;
      reporter.note(
        `the password of ${account} stands at phase ${number} of 3 (${DOING[phase]}); ` +
          `\`twemstack secret rotate ${account}\` goes on from there`,
      );
      throw error;
    }
    if (phase === 'use' && waitsForPeople(account) && !finish) return true;
    stored = advance(stored, account);
    writeStored(home, plan.name, stored);
  }
}

function startOrContinue(
  { home, plan }: Deployment,
  stored: StoredCredentials,
  account: Account,
  finish: boolean,
): StoredCredentials {
  const phase = stored.rotating[account]?.phase;
  if (finish && (phase === undefined || phase === 'accept')) {
    throw new NotSoError(
      phase === undefined
        ? `the password of ${account} is not being changed`
        : `the new password of ${account} is not good everywhere yet, so nobody can have it`,
      { remedy: `run \`twemstack secret rotate ${account}\` without --finish first` },
    );
  }
  if (phase !== undefined) return stored;
  const begun = begin(stored, account, newPassword());
  writeStored(home, plan.name, begun);
  return begun;
}

import { judge, type Outcome, type Rules, type Vote } from '../../../../sentinel/guard/core/election.ts';

/** The steps of the mechanism that a mutant leaves out or does otherwise. */
export interface Mechanism {
  readonly rules: Rules;
  readonly judge: (own: Vote, others: readonly Vote[], rules: Rules) => Outcome;
  /** A voter stops following. */
  readonly fences: boolean;
  /** A vote is on the disk before it is answered. */
  readonly persistsVotes: boolean;
  /** A master's term is on the disk before its redis is pointed at it. */
  readonly persistsFollowing: boolean;
  /** A member follows only masters of terms that it has not outgrown. */
  readonly refusesOlderMasters: boolean;
}

export const soundMechanism = (rules: Rules): Mechanism => ({
  rules,
  judge,
  fences: true,
  persistsVotes: true,
  persistsFollowing: true,
  refusesOlderMasters: true,
});

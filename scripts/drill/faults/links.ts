import type { Member } from '../../../topology/types.ts';

/** One direction between two members: what `from` sends to `to`. */
export interface Link {
  readonly from: Member;
  readonly to: Member;
}

/** Both directions between each of `some` and each of `others`. Pure. */
export function between(some: readonly Member[], others: readonly Member[]): Link[] {
  return [...oneWay(some, others), ...oneWay(others, some)];
}

/** What each of `from` sends to each of `to`; nobody has a link to itself. Pure. */
export function oneWay(from: readonly Member[], to: readonly Member[]): Link[] {
  return from.flatMap((sender) =>
    to
      .filter((receiver) => receiver.name !== sender.name)
      .map((receiver) => ({ from: sender, to: receiver })),
  );
}

export const nameLink = ({ from, to }: Link): string => `${from.name}>${to.name}`;

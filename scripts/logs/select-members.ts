import { didYouMean } from '../../topology/nearest.ts';
import { type AnyPlan, type Member, ROLES } from '../../topology/types.ts';
import { InputError } from '../errors.ts';

/** What a word can name, and whom; the first kind that knows the word has it. */
const KINDS: Readonly<Record<string, (member: Member, word: string) => boolean>> = {
  member: ({ name }, word) => name === word,
  role: ({ role }, word) => role === word,
  shard: (member, word) => member.role === 'redis' && member.shard === word,
  domain: ({ domain }, word) => domain === word,
};

/**
 * The members that words name. Members, roles and shards add to each other, domains narrow: `shard-1 sentinel a` is what of
 * shard-1 and the sentinels is in domain a. No word = all members.
 *
 * @throws InputError for a word that names nobody
 */
export function selectMembers(plan: AnyPlan, words: readonly string[]): readonly Member[] {
  const wanted = words.map((word) => {
    const kind = Object.keys(KINDS).find((each) => plan.members.some((member) => KINDS[each](member, word)));
    if (kind === undefined) throw unknownWord(plan, word);
    return { kind, word };
  });
  const domains = wanted.filter(({ kind }) => kind === 'domain');
  const others = wanted.filter(({ kind }) => kind !== 'domain');
  const isOf = (member: Member, among: typeof wanted): boolean =>
    among.length === 0 || among.some(({ kind, word }) => KINDS[kind](member, word));
  const chosen = plan.members.filter((member) => isOf(member, others) && isOf(member, domains));
  if (chosen.length > 0) return chosen;
  throw new InputError(`nobody of ${others.map(({ word }) => word).join(', ')} is there`, {
    where: `domain ${domains.map(({ word }) => word).join(', ')}`,
    remedy: 'name other domains, or none; `twemstack plan` lists the members',
  });
}

function unknownWord(plan: AnyPlan, word: string): InputError {
  const shards = plan.shards.map(({ name }) => name);
  const domains = plan.domains.map(({ name }) => name);
  const known = [...plan.members.map(({ name }) => name), ...ROLES, ...shards, ...domains];
  return new InputError(`there is no member, role, shard or domain "${word}"`, {
    remedy:
      `${didYouMean(word, known)}roles are ${ROLES.join(', ')}; shards ${shards.join(', ')}; ` +
      `domains ${domains.join(', ')}; \`twemstack plan\` lists the members`,
  });
}

import { describeStray, findStrays } from '../../observe/strays.ts';
import { type Finding, registerCheck } from '../check.ts';
import type { Facts } from '../facts.ts';

const MEND = [
  '`twemstack up` makes the sentinels forget it, one at a time, as soon as all of them answer and none doubts the master',
  'find out who is at that address: a member of a former layout, another stack on the same addresses, or an intruder',
];

export const strays = registerCheck({
  name: 'strays',
  well: 'sentinels and masters know members alone',
  examine: (facts) => [...known(facts), ...fed(facts)],
});

function known({ plan, status }: Facts): Finding[] {
  if (status === undefined) return [];
  const found = findStrays(plan, status);
  return [...new Set(found.map(({ place }) => place))].map((place) => {
    const own = found.filter((stray) => stray.place === place);
    return {
      severity: 'wrong',
      subjects: own.map(({ sentinel }) => sentinel.name),
      what: `${own.map((stray) => `${stray.sentinel.name} ${describeStray(stray)}`).join('; ')}`,
      why: 'somebody said so on the sentinels’ channel, or it was a member once; no proxy and no guard follows it, but a sentinel counts with it',
      mend: MEND,
    };
  });
}

function fed({ plan, status }: Facts): Finding[] {
  return (status?.members ?? []).flatMap(({ member, redis }): Finding[] => {
    if (member.role !== 'redis' || redis === undefined) return [];
    const own = plan.shards.find(({ name }) => name === member.shard)?.members ?? [];
    const strangers = redis.replicas
      .map(({ address }) => address)
      .filter((address) => own.every((each) => each.address !== address));
    return strangers.map((address) => ({
      severity: 'wrong',
      subjects: [member.name],
      what: `${member.name} sends all its data to ${address}, which is no member of ${member.shard}`,
      why: 'a redis there follows it with the password of replication',
      mend: [
        'find out who that is; if nobody of yours: `twemstack secret rotate replication`',
        `\`twemstack cli --as operator --member ${member.name} CLIENT KILL TYPE replica\` cuts it off; members come back by themselves`,
      ],
    }));
  });
}

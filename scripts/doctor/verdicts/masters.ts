import { registerCheck } from '../check.ts';

export const masters = registerCheck({
  name: 'masters',
  well: 'no shard has two masters',
  examine: ({ plan, status }) =>
    plan.shards.flatMap((shard) => {
      const names = (status?.members ?? [])
        .filter(
          ({ member, redis }) =>
            member.role === 'redis' && member.shard === shard.name && redis?.role === 'master',
        )
        .map(({ member }) => member.name);
      if (names.length < 2) return [];
      return [
        {
          severity: 'wrong',
          subjects: [shard.name, ...names],
          what: `${names.join(' and ')} both say that they are master of ${shard.name}`,
          why: 'for a moment that is part of a failover: the former one learns of it when it is heard again. With `durability: strict` one of them acknowledges nothing',
          mend: [
            `look again in a few seconds; when it stays: \`twemstack logs ${shard.name} --events\`, and look whether they reach each other`,
          ],
        },
      ];
    }),
});

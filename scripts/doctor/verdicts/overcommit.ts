import { registerCheck } from '../check.ts';

export const overcommit = registerCheck({
  name: 'overcommit',
  well: 'the machines let a redis fork, however much memory it has',
  examine: ({ hosts }) => {
    const domains = [...hosts].filter(([, host]) => host.overcommit !== 1).map(([domain]) => domain);
    if (domains.length === 0) return [];
    return [
      {
        severity: 'note',
        subjects: [],
        what: `vm.overcommit_memory is not 1 on the machine of domain ${domains.join(', ')}`,
        why: 'a fork for a rewrite, a snapshot or a full resynchronisation can be refused when memory is short, although it would have sufficed',
        mend: [
          '`sysctl -w vm.overcommit_memory=1` on the machine, as root',
          'for good: `echo vm.overcommit_memory=1 > /etc/sysctl.d/60-redis.conf`',
        ],
      },
    ];
  },
});

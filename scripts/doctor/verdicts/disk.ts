import type { AnyPlan } from '../../../topology/types.ts';
import { type Finding, registerCheck } from '../check.ts';
import type { Facts, HostFacts } from '../facts.ts';

/** For logs, images and the machine itself. */
const RESERVE_BYTES = 1024 ** 3;

export const disk = registerCheck({
  name: 'disk',
  well: 'the disks with the data volumes have room',
  examine: ({ hosts, plan }) =>
    disksOf(hosts).flatMap(({ domains, host }): Finding[] => {
      const needed = RESERVE_BYTES + mayHold(plan, domains);
      if (host.diskFree >= needed) return [];
      return [
        {
          severity: 'wrong',
          subjects: [],
          what: `the disk with the data volumes of domain ${domains.join(', ')} has ${gb(host.diskFree)} of ${gb(host.diskSize)} left, ${gb(needed)} are needed`,
          why: 'a rewrite of an append-only file needs as much again as the redis may hold, and the machine 1 GB; a redis whose file cannot be written refuses writes',
          mend: [
            '`docker system df` shows what takes it; `docker image prune` removes images that nothing uses',
            'stores that were set aside (/data/store.damaged-*, /data/store.kept in the data volumes) may go when you do not need them',
          ],
        },
      ];
    }),
});

/** Domains that one engine plays have one disk. */
function disksOf(hosts: Facts['hosts']): Array<{ readonly domains: string[]; readonly host: HostFacts }> {
  const disks = new Map<number, { readonly domains: string[]; readonly host: HostFacts }>();
  for (const [domain, host] of hosts) {
    const disk = disks.get(host.diskSize);
    if (disk === undefined) disks.set(host.diskSize, { domains: [domain], host });
    else disk.domains.push(domain);
  }
  return [...disks.values()];
}

/** What all redises of some domains may hold together, bytes. */
function mayHold(plan: AnyPlan, domains: readonly string[]): number {
  const redises = plan.members.filter(({ role, domain }) => role === 'redis' && domains.includes(domain));
  return redises.length * plan.redis.maxmemoryMb * 1024 ** 2;
}

const gb = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GB`;

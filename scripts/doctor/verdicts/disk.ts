import { type Finding, registerCheck } from '../check.ts';

/** Room for a rewrite of the append-only files, as a share of the disk and at least. */
const LOW_SHARE = 0.1;
const LOW_BYTES = 1024 ** 3;

export const disk = registerCheck({
  name: 'disk',
  well: 'the disks with the data volumes have room',
  examine: ({ hosts, plan }) => {
    const low = [...hosts].filter(
      ([, { diskFree, diskSize }]) =>
        diskFree < Math.min(LOW_BYTES, diskSize / 2) || diskFree < LOW_SHARE * diskSize,
    );
    // Domains that one engine plays have one disk.
    const disks = new Map(low.map(([domain, host]) => [`${host.diskSize}`, { domain, host }]));
    return [...disks.values()].map(({ domain, host }): Finding => {
      const domains = low.filter(([, other]) => other.diskSize === host.diskSize).map(([name]) => name);
      return {
        severity: 'wrong',
        subjects: [],
        what: `the disk with the data volumes of domain ${domains.join(', ') || domain} has ${gb(host.diskFree)} of ${gb(host.diskSize)} left`,
        why: 'a redis whose append-only file cannot be written refuses writes, and a rewrite of it needs as much again as the data',
        mend: [
          '`docker system df` shows what takes it; `docker image prune` removes images that nothing uses',
          `stores that were set aside as damaged (/data/store.damaged-*, /data/store.kept) of ${plan.name} may go when you do not need them`,
        ],
      };
    });
  },
});

const gb = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GB`;

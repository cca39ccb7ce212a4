import { type Finding, registerCheck } from '../check.ts';
import type { Facts } from '../facts.ts';

/** Share of a limit from which on it is told of. */
const NEAR = 0.9;

export const memory = registerCheck({
  name: 'memory',
  well: 'no redis is near maxmemory, no member near its container’s limit',
  examine: (facts) => [...dataSets(facts), ...containers(facts)],
});

function dataSets({ vitals, status }: Facts): Finding[] {
  // Replicas have what their master has; one sentence a shard.
  const masters = (status?.members ?? []).filter(({ redis }) => redis?.role === 'master');
  return masters.flatMap(({ member: { name } }): Finding[] => {
    const vital = vitals.get(name);
    if (vital === undefined || vital.maxMemory === 0 || vital.usedMemory < NEAR * vital.maxMemory) return [];
    const share = percent(vital.usedMemory, vital.maxMemory);
    const keeps = vital.maxMemoryPolicy === 'noeviction';
    return [
      {
        severity: keeps ? 'wrong' : 'note',
        subjects: keeps ? [name] : [],
        what: `${name} has ${share} of redis.maxmemory in use (${mb(vital.usedMemory)} of ${mb(vital.maxMemory)})`,
        why: keeps
          ? 'nothing is evicted (redis.maxmemory_policy: noeviction): at the limit every write that needs memory is refused with OOM'
          : `keys are evicted by ${vital.maxMemoryPolicy}, ${vital.evictedKeys} until now`,
        mend: [
          'raise `redis.maxmemory` in stack.yaml, then `twemstack upgrade`; or add a shard',
          `\`twemstack cli --as operator --member ${name} --bigkeys\` shows who fills it`,
        ],
      },
    ];
  });
}

function containers({ memory: uses }: Facts): Finding[] {
  return [...uses]
    .filter(([, { used, limit }]) => limit > 0 && used > NEAR * limit)
    .map(([name, { used, limit }]) => ({
      severity: 'wrong',
      subjects: [name],
      what: `${name} uses ${percent(used, limit)} of its container's memory (${mb(used)} of ${mb(limit)})`,
      why: 'at the limit the kernel ends its process. The limit follows from stack.yaml, with a share for everything that clients may cost',
      mend: [
        `\`twemstack logs ${name} --level warning\` may tell what for`,
        'redis: raise `redis.maxmemory`, then `twemstack upgrade`; edges: lower `edge.max_connections`; a proxy: tell us, it should bound itself',
      ],
    }));
}

const percent = (part: number, whole: number): string => `${Math.round((100 * part) / whole)} %`;
const mb = (bytes: number): string => `${Math.round(bytes / 1048576)} MB`;

import { STORE_DIR } from '../../../sentinel/paths.ts';
import { dataVolume } from '../../../stacks/volume-names.ts';
import { UNPRIVILEGED } from '../../../topology/container-options.ts';
import { registerCheck } from '../check.ts';
import type { Facts } from '../facts.ts';

/** What the entrypoint and redis say of an append-only file that cannot be loaded. */
const BROKEN =
  /my store does not load|Bad file format reading the append only file|Unexpected end of file reading the append only file|manifest (?:file )?.*(?:invalid|missing)|refusing to start: I am to be master|the volume has no room for the damaged store/i;

/** The line that tells that a member's store is broken. */
export const brokenStoreLine = ({ lastLines }: Facts, member: string): string | undefined =>
  lastLines.get(member)?.findLast((line) => BROKEN.test(line));

export const brokenStore = registerCheck({
  name: 'broken-store',
  well: 'no member stays away because its append-only file does not load',
  examine: (facts) =>
    facts.plan.members.flatMap((member) => {
      const line = member.role === 'redis' ? brokenStoreLine(facts, member.name) : undefined;
      if (line === undefined || member.role !== 'redis') return [];
      const { name, shard } = member;
      const image = facts.containers.get(name)?.imageName ?? 'IMAGE';
      const check = `docker run --rm -i --user ${UNPRIVILEGED} --network none -v ${dataVolume(name)}:/data --entrypoint redis-check-aof ${image}`;
      const manifest = `${STORE_DIR}/appendonlydir/appendonly.aof.manifest`;
      return [
        {
          severity: 'wrong',
          subjects: [name, shard],
          what: `${name} does not start, for its append-only file does not load: ${line}`,
          why: 'a bad disk or a full one damaged it. A replica would have taken everything from its master; this one is to be master, or nobody else holds the data',
          mend: [
            `first start every other member of ${shard}: when a replica has the data, it is promoted, and this member follows it by itself`,
            `\`docker stop ${name}\``,
            `\`${check} ${manifest}\` shows how far it can be read`,
            `\`${check} --fix ${manifest}\` cuts off the rest: what was written after that point is lost`,
            '`twemstack up`',
          ],
        },
      ];
    }),
});

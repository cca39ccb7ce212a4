import { formatAddress } from './addresses.ts';
import type { Draft } from './directives.ts';
import type { MemberEntry, ServerEntry } from './pool.ts';

/**
 * The addresses at which Sentinel may place a pool's servers. Who lists any lists them for all servers: one without would
 * have no master that is believed.
 * @param fail refuses the pool: the rule that is broken, and the key whose place in the file is named
 */
export function membersOf(
  { members = [], sentinels }: Draft,
  servers: readonly ServerEntry[],
  fail: (reason: string, key?: string) => never,
): MemberEntry[] {
  if (members.length === 0) return members;
  if (sentinels === undefined) fail('"members" needs "sentinels"', 'members');
  const stray = members.find(({ server }) => servers.every(({ name }) => name !== server));
  if (stray) fail(`members: there is no server "${stray.server}"`, 'members');
  for (const { name, address } of servers) {
    const own = members.filter(({ server }) => server === name).map(({ host, port }) => `${host}:${port}`);
    if (own.length === 0) fail(`members: server "${name}" has none`, 'members');
    if (!own.includes(formatAddress(address)))
      fail(`servers: "${formatAddress(address)}" is not among the members of "${name}"`, 'servers');
  }
  return members;
}

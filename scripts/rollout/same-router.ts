import type Docker from 'dockerode';
import { routersOf } from '../../haproxy/keepalived-conf.ts';
import type { AnyPlan } from '../../topology/types.ts';
import { type Vip, vipsOf } from '../../topology/vips.ts';
import { InputError } from '../errors.ts';
import { execInContainer } from '../observe/engine.ts';
import { type DomainChanges, replacedOf } from './changes.ts';

/**
 * Refuses to change the virtual router id of edges that run: the first one to have the new id would hear of no other and
 * take the VIP, which the others hold already. With several VIPs each has an id by its place in the list.
 *
 * @throws InputError
 */
export async function demandSameRouter(
  plan: AnyPlan,
  turns: readonly DomainChanges[],
  engine: Docker,
): Promise<void> {
  const edges = turns
    .flatMap(replacedOf)
    .map(({ member }) => member)
    .filter(({ role }) => role === 'edge');
  await Promise.all(
    edges.map(async ({ name }) => {
      const command = ['grep', '-E', 'virtual_router_id|/32 dev ', '/etc/twemstack/keepalived.conf'];
      // An edge that does not answer holds no VIP.
      const text = await execInContainer(engine, name, command).catch(() => '');
      refuseOtherRouter(plan, name, routersOf(text));
    }),
  );
}

/**
 * @param former what an edge runs with
 * @throws InputError when an address that it has gets another id, or all of it begins with another one
 */
export function refuseOtherRouter(plan: AnyPlan, edge: string, former: readonly Vip[]): void {
  const [first] = former;
  if (first === undefined) return;
  if (first.vrid !== plan.edge.vrid)
    throw new InputError(
      `edge.vrid cannot change from ${first.vrid} to ${plan.edge.vrid} while the stack runs: two edges would hold the VIP`,
      {
        where: edge,
        remedy: `nothing was changed; put ${first.vrid} back, or \`twemstack down\` (the data stays) and then \`twemstack up\``,
      },
    );
  for (const { address, vrid } of vipsOf(plan)) {
    const before = former.find((each) => each.address === address);
    if (before === undefined || before.vrid === vrid) continue;
    throw new InputError(
      `${address} cannot change its place in \`vips\` while the stack runs: its router id would be ${vrid} and no longer ${before.vrid}, and two edges would hold it`,
      {
        where: edge,
        remedy: `nothing was changed; keep it at place ${before.vrid - first.vrid + 1}, or \`twemstack down\` (the data stays) and then \`twemstack up\``,
      },
    );
  }
}

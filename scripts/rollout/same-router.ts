import type Docker from 'dockerode';
import type { AnyPlan } from '../../topology/types.ts';
import { InputError } from '../errors.ts';
import { execInContainer } from '../observe/engine.ts';
import { type DomainChanges, replacedOf } from './changes.ts';

/**
 * Refuses to change the virtual router id of edges that run: the first one to have the new id would hear of no other and
 * take the VIP, which the others hold already.
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
      const command = ['grep', 'virtual_router_id', '/etc/twemstack/keepalived.conf'];
      // An edge that does not answer holds no VIP.
      const text = await execInContainer(engine, name, command).catch(() => '');
      const [id] = /\d+/.exec(text) ?? [];
      if (id === undefined || Number(id) === plan.edge.vrid) return;
      throw new InputError(
        `edge.vrid cannot change from ${id} to ${plan.edge.vrid} while the stack runs: two edges would hold the VIP`,
        {
          where: name,
          remedy: `nothing was changed; put ${id} back, or \`twemstack down\` (the data stays) and then \`twemstack up\``,
        },
      );
    }),
  );
}

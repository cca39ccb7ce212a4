import { renderMermaid, renderSvg } from '../../topology/diagram.ts';
import type { Member } from '../../topology/types.ts';
import { EXIT } from '../errors.ts';
import { table } from '../report/table.ts';
import { loadPlan } from '../stack/load.ts';
import { type CommonOptions, printJson } from './context.ts';

/** Shows what a stack file means, without touching anything. */
export async function planVerb(options: CommonOptions & { diagram?: 'mermaid' | 'svg' }): Promise<number> {
  const plan = loadPlan(options.file);
  if (options.diagram !== undefined) {
    process.stdout.write(`${options.diagram === 'svg' ? renderSvg(plan) : renderMermaid(plan)}\n`);
    return EXIT.done;
  }
  if (options.json === true) {
    printJson(plan);
    return EXIT.done;
  }
  const pools = plan.pools.map((pool) => `${plan.vip}:${pool.listen} (${pool.name})`).join(', ');
  process.stdout.write(`stack ${plan.name}: ${pools} on ${plan.network.subnet}\n\n`);
  process.stdout.write(
    table(
      ['domain', 'member', 'role', 'address'],
      plan.members.map((member) => [member.domain, member.name, roleOf(member), member.address]),
    ),
  );
  for (const warning of plan.warnings) process.stdout.write(`\nwarning: ${warning}\n`);
  return EXIT.done;
}

/** Role as planned: which redis starts as master is said, who is master later is not a plan's business. */
function roleOf(member: Member): string {
  if (member.role !== 'redis') return member.role;
  return member.initialMaster ? `${member.shard} (first master)` : member.shard;
}

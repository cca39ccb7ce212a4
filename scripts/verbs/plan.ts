import { renderMermaid, renderSvg } from '../../topology/diagram.ts';
import type { Member, Plan, PoolSpec } from '../../topology/types.ts';
import { type DataEdit, findDataEdit } from '../data/data-edit.ts';
import { dataEditDocument, dataEditText } from '../data/data-text.ts';
import { keyMoves } from '../data/key-moves.ts';
import { formerRouting } from '../data/routing-record.ts';
import { answeringEngine } from '../docker-client.ts';
import { EXIT } from '../errors.ts';
import { renderNutcrackerYml } from '../render/nutcracker-yml.ts';
import { table } from '../report/table.ts';
import { Home, homeFolder } from '../stack/home.ts';
import { loadPlan } from '../stack/load.ts';
import { type CommonOptions, printJson } from './context.ts';
import { spreadVerb } from './keys.ts';

/** Shows what a stack file means, without touching anything. */
export async function planVerb(
  options: CommonOptions & { diagram?: 'mermaid' | 'svg'; keys?: string },
): Promise<number> {
  if (options.keys !== undefined) return spreadVerb(options, options.keys);
  const plan = loadPlan(options.file);
  if (options.diagram !== undefined) {
    process.stdout.write(`${options.diagram === 'svg' ? renderSvg(plan) : renderMermaid(plan)}\n`);
    return EXIT.done;
  }
  const data = await dataEditOf(plan, homeFolder(options.file));
  if (options.json === true) {
    printJson(data === undefined ? plan : { ...plan, data: dataEditDocument(data) });
    return EXIT.done;
  }
  const pools = plan.pools.map((pool) => entrance(plan, pool)).join(', ');
  process.stdout.write(
    `stack ${plan.name}: ${pools}\nfront ${plan.front.subnet} (applications, edges), back ${plan.back.subnet} (all members)\n\n`,
  );
  process.stdout.write(
    table(
      ['domain', 'member', 'role', 'address', 'front'],
      plan.members.map((member) => [
        member.domain,
        member.name,
        roleOf(member),
        member.address,
        member.role === 'edge' ? member.frontAddress : '',
      ]),
    ),
  );
  for (const warning of plan.warnings) process.stdout.write(`\nwarning: ${warning}\n`);
  const told = data === undefined ? '' : dataEditText(data);
  if (told !== '') process.stdout.write(`\n${told}`);
  return EXIT.done;
}

/** What the file would do to data of the stack as far as that can be told by looking only; undefined when there is none. */
async function dataEditOf(plan: Plan, folder: string): Promise<DataEdit | undefined> {
  const home = new Home(folder);
  if (!home.knows(plan.name)) return undefined;
  const engine = await answeringEngine();
  const step = { progress: () => undefined };
  if (engine !== undefined) return findDataEdit({ home, plan, credentials: undefined, engine, step });
  const former = await formerRouting(home, plan.name, undefined);
  const moves = former === undefined ? [] : keyMoves(former.text, renderNutcrackerYml(plan));
  const note = 'no engine answers, so nobody can tell whether there is data that stack.yaml has no place for';
  return { surplus: [], moves, former, notes: [note] };
}

/** Where applications find a pool, and on which shards it stands when these are not all. */
function entrance({ vip, shards }: Plan, { listen, name, shards: own }: PoolSpec): string {
  const where = own.length === shards.length ? '' : ` on ${own.join(', ')}`;
  return `${vip}:${listen} (${name}${where})`;
}

/** Role as planned: which redis starts as master is said, who is master later is not a plan's business. */
function roleOf(member: Member): string {
  if (member.role !== 'redis') return member.role;
  return member.initialMaster ? `${member.shard} (first master)` : member.shard;
}

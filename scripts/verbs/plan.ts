import { renderMermaid, renderSvg } from '../../topology/diagram.ts';
import { firewallOf, renderNftables } from '../../topology/firewall.ts';
import { isOnHosts } from '../../topology/plan.ts';
import { BLOCK_SIZE } from '../../topology/port-block.ts';
import { portsOf } from '../../topology/ports.ts';
import type { AnyPlan, HostsPlan, Member, Plan, PoolSpec } from '../../topology/types.ts';
import { vipsOf } from '../../topology/vips.ts';
import { type DataEdit, findDataEdit } from '../data/data-edit.ts';
import { dataEditDocument, dataEditText } from '../data/data-text.ts';
import { keyMoves } from '../data/key-moves.ts';
import { droppedDatabases, outOfReach } from '../data/out-of-reach.ts';
import { formerRouting } from '../data/routing-record.ts';
import { answeringEngine } from '../docker-client.ts';
import { EXIT, InputError } from '../errors.ts';
import { renderNutcrackerYml } from '../render/nutcracker-yml.ts';
import { table } from '../report/table.ts';
import { Home, homeFolder } from '../stack/home.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { type CommonOptions, printJson } from './context.ts';
import { spreadVerb } from './keys.ts';

interface PlanOptions extends CommonOptions {
  readonly diagram?: 'mermaid' | 'svg';
  readonly keys?: string;
  /** true = as a table. */
  readonly firewall?: true | 'table' | 'nftables';
}

/** Shows what a stack file means, without touching anything. */
export async function planVerb(options: PlanOptions): Promise<number> {
  if (options.keys !== undefined) return spreadVerb(options, options.keys);
  const plan = loadAnyPlan(options.file);
  if (options.diagram !== undefined) {
    process.stdout.write(`${options.diagram === 'svg' ? renderSvg(plan) : renderMermaid(plan)}\n`);
    return EXIT.done;
  }
  if (options.firewall !== undefined) return showFirewall(plan, options);
  const data = isOnHosts(plan) ? undefined : await dataEditOf(plan, homeFolder(options.file));
  if (options.json === true) {
    printJson(data === undefined ? plan : { ...plan, data: dataEditDocument(data) });
    return EXIT.done;
  }
  const pools = plan.pools.map((pool) => entrance(plan, pool)).join(', ');
  process.stdout.write(`stack ${plan.name}: ${pools}\n`);
  process.stdout.write(isOnHosts(plan) ? hostsText(plan) : engineText(plan));
  for (const warning of plan.warnings) process.stdout.write(`\nwarning: ${warning}\n`);
  const told = data === undefined ? '' : dataEditText(data);
  if (told !== '') process.stdout.write(`\n${told}`);
  return EXIT.done;
}

function engineText(plan: Plan): string {
  const members = table(
    ['domain', 'member', 'role', 'address', 'front'],
    plan.members.map((member) => [
      member.domain,
      member.name,
      roleOf(member),
      member.address,
      member.role === 'edge' ? member.frontAddress : '',
    ]),
  );
  return `front ${plan.front.subnet} (applications, edges), back ${plan.back.subnet} (all members)${plan.out === undefined ? '' : `, out ${plan.out.subnet} (alerts)`}\n\n${members}`;
}

function hostsText(plan: HostsPlan): string {
  const hosts = table(
    ['domain', 'engine', 'address'],
    plan.domains.map(({ name, host }) => [name, host.docker, host.address]),
  );
  const members = table(
    ['domain', 'member', 'role', 'address', 'ports'],
    plan.members.map((member) => [
      member.domain,
      member.name,
      roleOf(member),
      member.address,
      portsOf(member).join(', '),
    ]),
  );
  const lan = plan.lan === undefined ? '' : `, members on ${plan.lan.subnet} by macvlan`;
  return `several hosts, ports ${plan.ports} to ${plan.ports + BLOCK_SIZE - 1} on each, entrance ${plan.entrance}${lan}\n\n${hosts}\n${members}`;
}

/** @throws InputError for a stack on one engine, whose back network nobody else reaches. */
function showFirewall(plan: AnyPlan, { firewall, json }: PlanOptions): number {
  if (!isOnHosts(plan))
    throw new InputError(`stack ${plan.name} stands on one engine, so there is nothing to open or to close`, {
      where: '--firewall',
      remedy: 'its members are on a Docker network of their own; docs/networks.md says who reaches what',
    });
  const rules = firewallOf(plan);
  if (json === true) printJson(rules);
  else if (firewall === 'nftables') process.stdout.write(nftablesOf(plan));
  else
    process.stdout.write(
      table(
        ['from', 'to', 'protocol', 'ports', 'what'],
        rules.map(({ from, to, protocol, ports, what }) => [
          from,
          to.join(', '),
          protocol === 'vrrp' ? 'vrrp (IP 112)' : protocol,
          [...new Set(ports)].join(' to '),
          what,
        ]),
      ),
    );
  return EXIT.done;
}

/** @throws InputError where packets to members pass the firewall of their host by */
function nftablesOf(plan: HostsPlan): string {
  if (plan.lan === undefined) return renderNftables(plan);
  throw new InputError(
    `the members of stack ${plan.name} have addresses of their own on ${plan.lan.subnet} (macvlan): no firewall of a host sees their packets`,
    {
      where: '--firewall nftables',
      remedy:
        'let the switch, or the router in front of the LAN, hold to what `--firewall` shows as a table, or `--json`',
    },
  );
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
  const dropped = former === undefined ? [] : droppedDatabases(former.text, renderNutcrackerYml(plan));
  return { surplus: [], moves, outOfReach: outOfReach(plan.name, dropped, []), former, notes: [note] };
}

/** Where applications find a pool, and on which shards it stands when these are not all. */
function entrance(plan: AnyPlan, { listen, name, shards: own }: PoolSpec): string {
  const where = own.length === plan.shards.length ? '' : ` on ${own.join(', ')}`;
  const places = vipsOf(plan).map(({ address }) => `${address}:${listen}`);
  return `${places.join(' and ')} (${name}${where})`;
}

/** Role as planned: which redis starts as master is said, who is master later is not a plan's business. */
function roleOf(member: Member): string {
  if (member.role !== 'redis') return member.role;
  return member.initialMaster ? `${member.shard} (first master)` : member.shard;
}

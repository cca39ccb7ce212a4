import { relative } from 'node:path';
import type { AnyPlan, Member } from '../../topology/types.ts';
import { isLedByOthers, vipsOf } from '../../topology/vips.ts';
import type { BackupState } from '../backup/record.ts';
import type { MemberStatus, StackStatus } from '../observe/status.ts';
import { healthNow, lagBytes, roleNow } from '../observe/status-document.ts';
import { table } from '../report/table.ts';
import { credentialsFile } from '../stack/credentials.ts';
import type { Home } from '../stack/home.ts';

/** Beyond, logs of hosts cannot be laid side by side. */
const CLOCK_MS = 1000;

/** One row per member: domain, name, role now, address, health, and what is to know of it. */
export function statusTable(plan: AnyPlan, status: StackStatus): string {
  const pools = (outside?: true): string =>
    status.pools
      .filter((pool) => pool.outside === outside)
      .map(({ name, port, answers, vip = plan.vip }) => {
        const silent = outside ? 'does not answer from here' : 'DOES NOT ANSWER';
        return `${vip}:${port} (${name}) ${answers ? 'answers' : silent}`;
      })
      .join(', ');
  const entrance = isLedByOthers(plan)
    ? `edges ${pools()}\nto which others lead: ${pools(true)}`
    : `VIP ${pools()}`;
  const rows = status.members.map((entry) => [
    entry.member.domain,
    entry.member.name,
    roleNow(entry),
    placeOf(entry.member, status),
    healthNow(entry),
    details(entry, status),
  ]);
  return `${entrance}\n\n${hostsTable(status)}${table(['domain', 'member', 'role', 'address', 'health', 'details'], rows)}`;
}

/** Members of one host have its address, and each a port. */
function placeOf(member: Member, { hosts }: StackStatus): string {
  return hosts !== undefined && 'port' in member ? `${member.address}:${member.port}` : member.address;
}

/** One row per host of a stack on several; one that is not reached is a row, too. */
function hostsTable({ hosts }: StackStatus): string {
  if (hosts === undefined) return '';
  const rows = hosts.map(({ address, clockMs, diskFree, domain, load, problem, processors }) => [
    domain,
    address,
    problem === undefined ? 'reached' : 'not reached',
    clockMs === undefined ? '' : `${clockMs} ms`,
    load === undefined ? '' : `${load} on ${processors} CPUs`,
    diskFree === undefined ? '' : `${diskFree} % free`,
    problem ?? (Math.abs(clockMs ?? 0) > CLOCK_MS ? 'its clock is off: logs cannot be compared' : ''),
  ]);
  return `${table(['host', 'address', 'engine', 'clock', 'load', 'disk', 'details'], rows)}\n`;
}

/** One line on the backups: what is amiss calls for somebody, but the stack is none the less whole. */
export const backupLine = ({ kind, text }: BackupState): string =>
  kind === 'good' ? `backups: ${text}` : `warning: backups: ${text} (\`twemstack backup\`)`;

/** One command to try, with the answer to expect, and where the credentials are. */
export function tryIt(plan: AnyPlan, home: Home): string {
  const pool = plan.pools[0];
  const file = credentialsFile(home, plan.name);
  const near = relative(process.cwd(), file);
  return [
    'Try:',
    '  npx twemstack cli SET greeting hello',
    '  OK',
    `Applications connect to ${vipsOf(plan)
      .map(({ address }) => `${address}:${pool.listen}`)
      .join(' or ')} with the password of "application".`,
    ...(isLedByOthers(plan) ? [leadThem(plan)] : []),
    `Credentials: ${near.startsWith('..') ? file : near} (mode 0600; \`npx twemstack secret application\` prints one)`,
    '',
  ].join('\n');
}

/** What is left to do where the entrance is others' business. */
const leadThem = ({ edges, vip }: AnyPlan): string =>
  `${vip} is yours to lead to ${edges.map(({ address }) => address).join(' or ')}: whichever answers 200 to ` +
  `GET /serving on port ${[...new Set(edges.map(({ opsPort }) => opsPort))].join(', ')}.`;

function details(entry: MemberStatus, status: StackStatus): string {
  return [present(entry, status), ...past(entry)].filter((part) => part !== '').join(', ');
}

/** What its container has been through since it was made. */
function past({ container }: MemberStatus): string[] {
  if (container === undefined) return [];
  const { restarts, oomKilled } = container;
  return [
    restarts === 0 ? '' : `restarted ${restarts} time${restarts === 1 ? '' : 's'} by itself`,
    oomKilled ? 'KILLED for its memory limit' : '',
  ];
}

function present(entry: MemberStatus, status: StackStatus): string {
  if (entry.error !== undefined) return entry.error;
  if (entry.redis !== undefined) return redisDetails(entry, status);
  if (entry.sentinel !== undefined) {
    const words = entry.sentinel.masters.map(({ name, address }) => `${name} -> ${address}`);
    return [...(entry.sentinel.tilt ? ['TILT'] : []), ...words.sort()].join(', ');
  }
  return '';
}

function redisDetails(entry: MemberStatus, status: StackStatus): string {
  const { redis } = entry;
  if (redis === undefined) return '';
  const version = `redis ${redis.version}, ${redis.keys} keys`;
  if (redis.role === 'master') {
    return `${version}, ${redis.replicas.filter(({ online }) => online).length} replicas online`;
  }
  const lag = lagBytes(entry, status);
  return `${version}, ${redis.linkUp === true ? `lag ${lag ?? '?'} bytes` : 'link to the master DOWN'}`;
}

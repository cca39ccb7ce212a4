import { isOnHosts } from '../../topology/plan.ts';
import { EXIT, InputError } from '../errors.ts';
import { type HostView, lookAtHosts } from '../observe/hosts.ts';
import { table } from '../report/table.ts';
import { stackFolder } from '../stack/home.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { type CommonOptions, printJson } from './context.ts';

/** Asks the machines of a stack on several hosts who they are; changes nothing. Exit 3 when one will not do. */
export async function hostsVerb(options: CommonOptions): Promise<number> {
  const plan = loadAnyPlan(options.file);
  if (!isOnHosts(plan))
    throw new InputError(`stack ${plan.name} names no hosts`, {
      where: 'domains',
      remedy:
        '`twemstack status` shows a stack on one engine; docs/several-hosts.md has an example of several',
    });
  const hosts = await lookAtHosts(plan, stackFolder(options.file));
  if (options.json === true) printJson(hosts);
  else process.stdout.write(hostsText(hosts));
  return hosts.some(({ problem }) => problem !== undefined) ? EXIT.environment : EXIT.done;
}

function hostsText(hosts: readonly HostView[]): string {
  const rows = hosts.map((host) => [
    host.domain,
    host.docker,
    host.version ?? 'not reached',
    host.hostname ?? '',
    host.processors === undefined ? '' : `${host.processors} CPUs, ${host.memoryMb} MB`,
    host.clockMs === undefined ? '' : `${host.clockMs} ms`,
  ]);
  const told = hosts.flatMap(({ domain, problem, warning }) => [
    ...(problem === undefined ? [] : [`${domain}: ${problem.what}\n  do: ${problem.remedy}\n`]),
    ...(warning === undefined ? [] : [`warning: ${domain}: ${warning}\n`]),
  ]);
  return `${table(['domain', 'engine', 'version', 'host name', 'has', 'clock'], rows)}${told.length === 0 ? '' : `\n${told.join('')}`}`;
}

import type { AlertSecrets, Credentials, MemberFile, MonitorMember, Plan } from '../topology/types.ts';
import { renderAlertmanagerYml } from './alertmanager-yml.ts';
import { renderMonitorFacts } from './facts.ts';
import { redisUrl, renderPrometheusYml } from './prometheus-yml.ts';
import { renderRules } from './rules.ts';

/**
 * All files of one monitor. Whatever changes in them, the container is replaced: nobody is served by it, and what it has
 * noted down is on its volume.
 */
export function renderMonitorFiles(
  plan: Plan,
  monitor: MonitorMember,
  { monitor: password }: Credentials,
  secrets: AlertSecrets,
): MemberFile[] {
  const asked = [...plan.shards.flatMap(({ members }) => members), ...plan.sentinels];
  const passwords = Object.fromEntries(asked.map((member) => [redisUrl(member), password]));
  const file = (name: string, content: string, secret = false): MemberFile => ({
    name,
    content,
    secret,
    fixed: content,
  });
  return [
    file('facts.env', renderMonitorFacts(plan, monitor)),
    file('prometheus.yml', renderPrometheusYml(plan, monitor)),
    file('rules.yml', renderRules(plan)),
    file('alertmanager.yml', renderAlertmanagerYml(plan, secrets), true),
    file('redis-passwords.json', `${JSON.stringify(passwords, null, 2)}\n`, true),
  ];
}

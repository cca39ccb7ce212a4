import type { Drill } from '../drill.ts';
import { killContainer } from './break.ts';
import { failover, failoverLimit } from './limits.ts';
import { look, worstDomain } from './targets.ts';

const killDomain: Drill = {
  name: 'kill-domain',
  summary:
    'kill every container of one domain at once, one with a master, and the VIP if it can be: a host gone',
  // Master, proxy and edge go within a tenth of a second: a connection may lose one request to the first two, one to the last.
  promised: (plan) => ({ ...failover(failoverLimit(plan)), failures: 2, readsNeverFail: false }),
  lasts: () => 4000,
  async inject(context) {
    const { plan } = context;
    const domain = worstDomain(plan, await look(context));
    const members = plan.members.filter((member) => member.domain === domain).map(({ name }) => name);
    const at = performance.now();
    await Promise.all(members.map((name) => killContainer(context, name)));
    return { at, members };
  },
};

export const DOMAIN_DRILLS: readonly Drill[] = [killDomain];

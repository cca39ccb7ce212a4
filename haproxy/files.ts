import type { AnyPlan, Credentials, EdgeMember, MemberFile } from '../topology/types.ts';
import { isLedByOthers } from '../topology/vips.ts';
import { renderEdgeFacts } from './facts.ts';
import { renderHaproxyCfg } from './haproxy-cfg.ts';
import { renderKeepalivedConf } from './keepalived-conf.ts';

/** All files of one edge. None holds a secret: HAProxy takes a proxy's `-NOAUTH` for a sign of life. */
export function renderEdgeFiles(plan: AnyPlan, edge: EdgeMember, _credentials: Credentials): MemberFile[] {
  const facts = renderEdgeFacts(plan, edge);
  const files: MemberFile[] = [
    { name: 'facts.env', content: facts, secret: false, fixed: facts },
    // An edge that begins to send headers is replaced, not reloaded: the VIP is off it until it knows which proxies take them.
    { name: 'haproxy.cfg', content: renderHaproxyCfg(plan, edge), secret: false, fixed: 'send-proxy-v2' },
  ];
  if (isLedByOthers(plan)) return files;
  return [
    ...files,
    {
      name: 'keepalived.conf',
      content: renderKeepalivedConf(plan, edge),
      secret: false,
      // Another id is another virtual router: keepalived would take part in both elections for a moment.
      fixed: `virtual_router_id ${plan.edge.vrid}`,
    },
  ];
}

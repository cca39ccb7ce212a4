import type { Credentials, EdgeMember, MemberFile, Plan } from '../topology/types.ts';
import { renderEdgeFacts } from './facts.ts';
import { renderHaproxyCfg } from './haproxy-cfg.ts';
import { renderKeepalivedConf } from './keepalived-conf.ts';

/** All files of one edge. None holds a secret: HAProxy takes a proxy's `-NOAUTH` for a sign of life. */
export function renderEdgeFiles(plan: Plan, edge: EdgeMember, _credentials: Credentials): MemberFile[] {
  return [
    { name: 'facts.env', content: renderEdgeFacts(plan, edge), secret: false },
    { name: 'haproxy.cfg', content: renderHaproxyCfg(plan, edge), secret: false },
    { name: 'keepalived.conf', content: renderKeepalivedConf(plan, edge), secret: false },
  ];
}

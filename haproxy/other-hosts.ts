import { isOnHosts } from '../topology/plan.ts';
import type { AnyPlan, EdgeMember, HostsPlan, PoolSpec } from '../topology/types.ts';

/** With fewer, an edge whose only peer is gone would give up the VIP although nobody else could take it. */
const LEAST_HOSTS = 3;

type BackendOf = (pool: Pick<PoolSpec, 'name'>) => string;

/**
 * Proxies on other hosts as HAProxy's `backend/server`: none of them up means that this host is cut off. Empty on one
 * engine, where no edge can be cut off from what it forwards to.
 */
export function proxiesElsewhere(plan: AnyPlan, edge: EdgeMember, backendOf: BackendOf): string[] {
  if (!isOnHosts(plan) || plan.domains.length < LEAST_HOSTS) return [];
  const backend = backendOf(plan.pools[0]);
  return plan.proxies
    .filter(({ domain }) => domain !== edge.domain)
    .map((proxy) => `${backend}/${proxy.name}`);
}

/** For the supervisor: a digit for each of them, 1 = up. */
export const renderReach = (servers: readonly string[]): string =>
  servers.length === 0 ? '' : `peers=${servers.map((server) => `%[srv_is_up(${server})]`).join('')}\\n`;

/**
 * Lines of the ops frontend for whoever leads applications to this edge: `/serving` answers 200 while every pool has a
 * proxy and the host is not cut off.
 */
export function renderServing(plan: HostsPlan, edge: EdgeMember, backendOf: BackendOf): string {
  const elsewhere = proxiesElsewhere(plan, edge, backendOf);
  const reached = elsewhere.map((server) => `    acl other_host srv_is_up(${server})\n`);
  const dead = plan.pools.map((pool) => `    acl dead_pool nbsrv(${backendOf(pool)}) lt 1\n`);
  const when = elsewhere.length === 0 ? '!dead_pool' : '!dead_pool other_host';
  return `${reached.join('')}${dead.join('')}    http-request return status 200 content-type text/plain string "serving" if { path /serving } ${when}
    http-request return status 503 content-type text/plain string "not serving" if { path /serving }
`;
}

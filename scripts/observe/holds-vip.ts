import type Docker from 'dockerode';
import type { AnyPlan, EdgeMember } from '../../topology/types.ts';
import { vipsOf } from '../../topology/vips.ts';
import { execInContainer } from './engine.ts';
import { hasLocalAddress, routesHere } from './local-addresses.ts';

/** What was seen of an edge's virtual IPs. */
export interface VipView {
  /** Edge: holds the VIP, or one of several. */
  readonly vip?: boolean;
  /** Edge of a stack with several VIPs: those that it holds. */
  readonly vips?: readonly string[];
}

/** The virtual IPs that an edge has; none of one that does not answer. */
export const vipsHeldBy = (plan: AnyPlan, engine: Docker, edge: string): Promise<string[]> =>
  demandVips(plan, engine, edge).catch(() => []);

/** The virtual IPs that an edge has. @throws Error when nothing can be run in its container */
export async function demandVips(plan: AnyPlan, engine: Docker, edge: string): Promise<string[]> {
  return vipsAmong(plan, await execInContainer(engine, edge, ['ip', '-o', '-4', 'addr', 'show']));
}

/**
 * The virtual IPs that an edge has, read from this machine's kernel; undefined when it runs elsewhere.
 *
 * @param pid of its first process, as its engine tells
 */
export function vipsSeenHere(
  plan: AnyPlan,
  { address: own }: Pick<EdgeMember, 'address'>,
  pid: number,
  proc?: string,
): string[] | undefined {
  const routes = routesHere(pid, own, proc);
  return routes === undefined
    ? undefined
    : vipsOf(plan).flatMap(({ address }) => (hasLocalAddress(routes, address) ? [address] : []));
}

/** Those of the stack's virtual IPs that are in the output of `ip -o -4 addr show`. */
export function vipsAmong(plan: AnyPlan, addresses: string): string[] {
  const words = new Set(addresses.split(/\s+/).map((word) => word.split('/')[0]));
  return vipsOf(plan)
    .map(({ address }) => address)
    .filter((vip) => words.has(vip));
}

/** Whether a member was seen with this virtual IP; the first one, or only one, unless another is said. */
export const isHolder = (plan: AnyPlan, { vip, vips }: VipView, which = plan.vip): boolean =>
  vips === undefined ? vip === true : vips.includes(which);

/** How many virtual IPs a member was seen with. */
export const heldCount = ({ vip, vips }: VipView): number => vips?.length ?? (vip === true ? 1 : 0);

import type Docker from 'dockerode';
import type { AnyPlan } from '../../topology/types.ts';
import { vipsOf } from '../../topology/vips.ts';
import { execInContainer } from './engine.ts';

/** What was seen of an edge's virtual IPs. */
export interface VipView {
  /** Edge: holds the VIP, or one of several. */
  readonly vip?: boolean;
  /** Edge of a stack with several VIPs: those that it holds. */
  readonly vips?: readonly string[];
}

/** The virtual IPs that an edge has; none of one that does not answer. */
export async function vipsHeldBy(plan: AnyPlan, engine: Docker, edge: string): Promise<string[]> {
  const command = ['ip', '-o', '-4', 'addr', 'show'];
  return vipsAmong(plan, await execInContainer(engine, edge, command).catch(() => ''));
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

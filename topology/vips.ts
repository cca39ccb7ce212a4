/** The virtual IPs of a plan: one, or several that are each preferred on another edge. */
import { MAX_DOMAINS } from './addresses.ts';
import type { AnyPlan, EdgeMember, PlanBase } from './types.ts';

/** VRRP priority where a virtual IP is preferred; the further an edge is behind that one, the less. */
const FIRST_PRIORITY = 150;

export interface Vip {
  readonly address: string;
  /** VRRP virtual router id: each is elected by itself. */
  readonly vrid: number;
}

/** All of them, in the order of the file: the edge at the same place of `plan.edges` is the preferred one. */
export function vipsOf({ edge, vip, vips = [vip] }: Pick<PlanBase, 'edge' | 'vip' | 'vips'>): Vip[] {
  return vips.map((address, index) => ({ address, vrid: edge.vrid + index }));
}

/** Whether edges share the load: then each takes its own VIP back when it returns. */
export const areShared = ({ vips = [] }: Pick<PlanBase, 'vips'>): boolean => vips.length > 1;

/** Whether others lead applications to the edges, and the VIP is nobody's of the stack. */
export const isLedByOthers = (plan: AnyPlan): boolean => 'entrance' in plan && plan.entrance === 'external';

/** Where the stack itself serves applications: at its VIPs, or, where others lead them there, on every edge. */
export const entrancesOf = (plan: AnyPlan): string[] =>
  isLedByOthers(plan) ? plan.edges.map(({ address }) => address) : vipsOf(plan).map(({ address }) => address);

/** The edge that a VIP is on while all of them are well; @param index of the VIP. With one VIP whoever has it keeps it. */
export const preferredEdge = ({ edges }: Pick<PlanBase, 'edges'>, index: number): EdgeMember => edges[index];

/** The VIP that an edge is preferred for where they share the load; undefined of one that stands by. */
export const preferredVip = (plan: PlanBase, { name }: EdgeMember): string | undefined =>
  plan.vips?.[plan.edges.findIndex((edge) => edge.name === name)];

/**
 * VRRP priority of the edge of a domain for a VIP, both by their positions in the file and by nothing else, so that a new edge, or a
 * new VIP, changes none: 150 where the VIP is preferred, one less for each place behind it, round the most domains that can be.
 */
export const priorityOf = (edge: number, vip = 0): number =>
  FIRST_PRIORITY - ((edge - vip + MAX_DOMAINS) % MAX_DOMAINS);

import type Docker from 'dockerode';
import type { AnyPlan } from '../../topology/types.ts';
import { execInContainer } from './engine.ts';

/** Whether an edge has the virtual IP; one that does not answer has not. */
export async function holdsVip(plan: AnyPlan, engine: Docker, edge: string): Promise<boolean> {
  const command = ['ip', '-o', '-4', 'addr', 'show', 'to', `${plan.vip}/32`];
  return (await execInContainer(engine, edge, command).catch(() => '')).trim() !== '';
}

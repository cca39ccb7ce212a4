import type { Rig } from './rig.ts';
import { median } from './verdict.ts';

const TIMES = 5;

/** Milliseconds, medians of five. */
export interface Lifetimes {
  /** From the start to the first connection that is accepted. */
  readonly start: number;
  /** From SIGTERM to the end of the process, with no client connected. */
  readonly stop: number;
}

export async function measureLifetimes(rig: Rig): Promise<Record<'original' | 'ours', Lifetimes>> {
  return { original: await lifetimesOf(rig, 'original'), ours: await lifetimesOf(rig, 'ours') };
}

async function lifetimesOf(rig: Rig, candidate: 'original' | 'ours'): Promise<Lifetimes> {
  await rig.stopProxies();
  const starts: number[] = [];
  const stops: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    const proxy = await rig.fresh(`${candidate}-${i}`, candidate);
    starts.push(proxy.startedIn);
    stops.push(await proxy.stop());
  }
  await rig.stopProxies();
  return { start: median(starts), stop: median(stops) };
}

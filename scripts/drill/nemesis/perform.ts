import { setTimeout as delay } from 'node:timers/promises';
import type { Member } from '../../../topology/types.ts';
import type { FaultContext } from '../drill.ts';
import { killContainer, pauseContainer, signalProgram } from '../faults/break.ts';
import { cutLinks, healLinks } from '../faults/cut.ts';
import { beginDeeds } from './begin-deeds.ts';
import { playersOf } from './nodes.ts';
import type { Deed, Script } from './script.ts';

/** The program of each role whose death its own supervisor has to mend. */
const PROGRAMS: Readonly<Record<Member['role'], string>> = {
  redis: 'redis-server',
  sentinel: 'redis-sentinel',
  proxy: 'nutcracker',
  edge: 'haproxy',
  monitor: 'prometheus',
};

/** Does what a script says, when it says it. Returns at its end, or when the operator wants to stop; nothing is taken back yet. */
export async function perform(context: FaultContext, script: Script): Promise<Member[]> {
  const player = playersOf(context);
  const hit = new Set<Member>();
  // Who plays which part is looked up before anything is broken.
  const deeds = script.steps.map(({ at, deed }) => ({
    at,
    onLinks: deed.verb === 'cut' || deed.verb === 'mend',
    act: actOf(context, deed, player, hit),
  }));
  const begin = performance.now();
  await beginDeeds(deeds, script.end, async (at) => {
    await until(context, begin + at);
    return !context.signal.aborted;
  });
  return [...hit];
}

function actOf(
  context: FaultContext,
  deed: Deed,
  player: (node: string) => Member,
  hit: Set<Member>,
): () => Promise<void> {
  if (deed.verb === 'mend') {
    return async () => {
      await healLinks(context.plan, context.engine);
      context.timeline.note('drill', 'restored', 'all links');
    };
  }
  if (deed.verb === 'cut') {
    const links = deed.links.map(({ from, to }) => ({ from: player(from), to: player(to) }));
    return () => cutLinks(context, links);
  }
  const member = player(deed.node);
  hit.add(member);
  switch (deed.verb) {
    case 'kill':
      return () => killContainer(context, member.name);
    case 'crash':
      return () => signalProgram(context, member.name, PROGRAMS[member.role], 'KILL');
    case 'freeze':
      return async () => {
        const thaw = await pauseContainer(context, member.name);
        await delay(deed.forMs, undefined, { signal: context.signal }).catch(() => undefined);
        await thaw();
      };
  }
}

async function until({ signal }: FaultContext, moment: number): Promise<void> {
  const rest = moment - performance.now();
  if (rest > 0) await delay(rest, undefined, { signal }).catch(() => undefined);
}

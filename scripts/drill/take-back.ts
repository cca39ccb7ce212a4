import type Docker from 'dockerode';
import type { AnyPlan } from '../../topology/types.ts';
import { mendLab } from '../lab/faults.ts';
import type { Home } from '../stack/home.ts';
import { writePrivate } from '../stack/private-file.ts';
import { unfailBackup } from './faults/alerts.ts';
import { continueProgram, ensureRunning, thawContainer } from './faults/break.ts';
import { healLinks } from './faults/cut.ts';
import { startEngine } from './faults/engine-process.ts';
import { labOf } from './faults/host-strike.ts';
import { describeFault, faultsLeftBehind } from './left-faults.ts';
import { faultsFile, type NotedFault } from './noted-faults.ts';

const QUIET = { progress: () => undefined, outcome: () => undefined };

/** Starts the engine again when a drill ended it and was killed before it started it: everything else needs one. */
export async function takeBackEngine(home: Home, stack: string): Promise<void> {
  for (const { remedy } of await faultsLeftBehind(home, stack)) {
    if (remedy.kind === 'engine') {
      await startEngine({ step: QUIET }, remedy.process, remedy.socket);
    }
  }
}

/**
 * Takes back what a drill that was killed left broken.
 *
 * @returns a sentence for each fault: that it is taken back, or why it could not be
 */
export async function takeBackFaults(home: Home, plan: AnyPlan, engine: Docker): Promise<string[]> {
  const faults = await faultsLeftBehind(home, plan.name);
  if (faults.length === 0) return [];
  const said = await Promise.all(
    faults.map(async (noted) => {
      const fault = describeFault(noted);
      try {
        await takeBack(noted.remedy, home, plan, engine);
        return `${fault}; taken back`;
      } catch (error) {
        return `${fault}; it could not be taken back: ${(error as Error).message}`;
      }
    }),
  );
  writePrivate(faultsFile(home, plan.name), '[]\n');
  return said;
}

async function takeBack(
  remedy: NotedFault['remedy'],
  home: Home,
  plan: AnyPlan,
  engine: Docker,
): Promise<void> {
  switch (remedy.kind) {
    case 'start':
      await ensureRunning(engine, remedy.member);
      return;
    case 'thaw':
      await thawContainer(engine, remedy.member);
      return;
    case 'heal':
      await healLinks(plan, engine);
      return;
    case 'continue':
      await continueProgram(engine, remedy.member, remedy.program);
      return;
    case 'lab': {
      const lab = labOf(plan);
      if (lab !== undefined) await mendLab(lab, QUIET);
      return;
    }
    case 'backup':
      await unfailBackup(home, plan, engine, remedy.lastFailure);
      return;
    case 'engine':
    case 'deploy':
      // Done before there was an engine to ask; and by whoever deploys the stack file.
      return;
  }
}

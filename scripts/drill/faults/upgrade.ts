import { EnvironmentError } from '../../errors.ts';
import { readEnvironment } from '../../prepare/environment.ts';
import type { Reporter } from '../../report/steps.ts';
import type { Deployment } from '../../rollout/deployment.ts';
import { lookAhead, rollOut } from '../../rollout/roll-out.ts';
import { Home } from '../../stack/home.ts';
import type { Drill, FaultContext } from '../drill.ts';

const rollingUpgrade: Drill = {
  name: 'rolling-upgrade',
  summary: 'replace every container, one domain after the other: no error for whoever connects again',
  asksAgain: true,
  promised: () => ({
    // Longest is the way to the other edge: let go, the VIP moves, connected again.
    resume: { within: 2500, of: 'connection', since: 'fault' },
    failures: 0,
    readsNeverFail: true,
  }),
  lasts: () => 0,
  async inject(context) {
    const deployment = deploymentOf(context);
    const outlook = await lookAhead(deployment, true);
    const at = performance.now();
    context.timeline.note('drill', 'fault', 'replacing every container', at);
    await rollOut(deployment, outlook);
    return { at, until: performance.now(), members: [] };
  },
};

/** The stack as this checkout deployed it, with the steps of a run as events on the timeline. */
export function deploymentOf(context: FaultContext): Deployment {
  const { plan, credentials, engine, signal, step, timeline } = context;
  const home = new Home();
  const environment = readEnvironment(home);
  if (environment === undefined) {
    throw new EnvironmentError('what this stack is deployed with is not known here', {
      where: home.private,
      remedy: 'run `twemstack up` from this checkout first',
    });
  }
  const reporter: Reporter = {
    note: (sentence) => timeline.note('upgrade', 'note', sentence),
    step: async (name, work) => {
      step.progress(name);
      timeline.note('upgrade', 'begin', name);
      return work({
        progress: (sentence) => step.progress(`${name}: ${sentence}`),
        outcome: (sentence) => timeline.note('upgrade', 'done', `${name}: ${sentence}`),
      });
    },
  };
  return { home, plan, credentials, environment, engine, reporter, signal };
}

export const UPGRADE_DRILLS: readonly Drill[] = [rollingUpgrade];

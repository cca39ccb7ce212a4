import type { AnyPlan } from '../../../topology/types.ts';
import { NotSoError } from '../../errors.ts';
import { withRedis } from '../../observe/redis-call.ts';
import { demandEnvironment } from '../../prepare/environment.ts';
import type { Reporter } from '../../report/steps.ts';
import type { Deployment } from '../../rollout/deployment.ts';
import { Entrance } from '../../rollout/entrance.ts';
import { lookAhead, rollOut } from '../../rollout/roll-out.ts';
import { rotate } from '../../rotation/rotate.ts';
import { readStored } from '../../stack/credentials.ts';
import { Home, homeFolder, stackFolder } from '../../stack/home.ts';
import type { Drill, FaultContext } from '../drill.ts';
import { drilledPool } from '../load/drilled-pool.ts';
import { need } from './break.ts';
import { unnoticed } from './limits.ts';

const rollingUpgrade: Drill = {
  name: 'rolling-upgrade',
  summary: 'replace every container, one domain after the other: no error for whoever connects again',
  alerts: [],
  onHosts: 'too',
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

const rotation: Drill = {
  name: 'wrong-password-after-rotation',
  summary:
    'change the password of applications: who has the new one notices nothing, the old one is refused in the end',
  alerts: [],
  asksAgain: true,
  promised: () => ({ ...unnoticed, readsNeverFail: true }),
  lasts: () => 0,
  async inject(context) {
    const deployment = deploymentOf(context);
    const { home, plan, engine } = deployment;
    const proxies = plan.proxies.map(({ name }) => name);
    const reconnectAll = (): Promise<void> => new Entrance({ plan, engine, edges: [] }).letGo(proxies);
    const old = passwordsOf(home, plan.name).old;
    const at = performance.now();
    context.timeline.note('drill', 'fault', 'changing the password of application', at);
    await rotate(deployment, 'application', false);
    const { present } = passwordsOf(home, plan.name);
    await demand(plan, old, true, 'the old password, while both are good,');
    await demand(plan, present, true, 'the new password');
    context.usePassword(present);
    await reconnectAll();
    await rotate(deployment, 'application', true);
    await demand(plan, old, false, 'the old password');
    await demand(plan, present, true, 'the new password');
    await reconnectAll();
    return { at, until: performance.now(), members: [] };
  },
};

/** The password to present, and the one that was used before an interrupted change, if there was one. */
function passwordsOf(home: Home, stack: string): { present: string; old: string } {
  const stored = readStored(home, stack);
  const present = need(stored?.passwords.application, 'password of application');
  const { phase, other } = stored?.rotating.application ?? {};
  return { present, old: phase === 'use' && other !== undefined ? other : present };
}

/** @throws NotSoError when a password is good, or not, against what is expected */
async function demand(plan: AnyPlan, password: string, good: boolean, what: string): Promise<void> {
  const at = { address: plan.vip, port: drilledPool(plan).listen };
  const isGood = await withRedis(at, { password }, (redis) => redis.echo('x')).then(
    () => true,
    () => false,
  );
  if (isGood !== good) throw new NotSoError(`${what} is ${isGood ? 'good' : 'refused'}`, { where: plan.vip });
}

/** The stack as this checkout deployed it, with the steps of a run as events on the timeline. */
export function deploymentOf(context: FaultContext): Deployment {
  const { plan, credentials, engine, signal, step, timeline } = context;
  const home = new Home(homeFolder(context.stackFile));
  const environment = demandEnvironment(home);
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
  return {
    home,
    plan,
    credentials,
    environment,
    engine,
    folder: stackFolder(context.stackFile),
    reporter,
    signal,
  };
}

export const UPGRADE_DRILLS: readonly Drill[] = [rollingUpgrade, rotation];

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { PoolSpec } from '../../../topology/types.ts';
import { EXIT, NotSoError } from '../../errors.ts';
import { homeFolder } from '../../stack/home.ts';
import type { Drill, FaultContext } from '../drill.ts';
import { drilledPool } from '../load/drilled-pool.ts';
import type { TimelineEvent } from '../watch/timeline.ts';
import { killContainer } from './break.ts';
import { hangLimit } from './limits.ts';
import { hitShard } from './targets.ts';
import { endsWith, type Running, twemstack } from './twemstack.ts';

/** Comparing every stack with what runs takes some seconds before the first change. */
const BEGIN_MS = 60_000;

/** A copy of the stack file in which servers may take a millisecond longer: a change that concerns every proxy. */
function changedCopy(stackFile: string, pool: PoolSpec): { readonly path: string; remove(): void } {
  const document = parseDocument(readFileSync(stackFile, 'utf8'));
  document.setIn(['pools', pool.name, 'timeout'], pool.timeoutMs + 1);
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-drill-'));
  const path = join(folder, 'stack.yaml');
  writeFileSync(path, document.toString());
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}

const failoverDuringDeploy: Drill = {
  name: 'failover-during-deploy',
  summary:
    'kill a shard’s master while `twemstack up` brings a changed setting to the proxies; both come to their end',
  alerts: [],
  // A proxy that takes over new settings lets its clients go between two requests; the killed master alone may cost one.
  asksAgain: true,
  promised: (plan) => ({
    resume: { within: hangLimit(plan), of: 'shard', since: 'fault' },
    failures: 1,
  }),
  lasts: () => 4000,
  async inject(context) {
    const { plan, stackFile } = context;
    const { shard, master } = hitShard(context);
    const changed = changedCopy(stackFile, drilledPool(plan));
    const home = homeFolder(stackFile);
    const deployment = twemstack(['up'], changed.path, home);
    const fault = { what: 'a changed setting is being deployed', remedy: { kind: 'deploy' } } as const;
    context.undoLater(fault, async () => {
      context.step.progress('waiting for the deployment to end');
      await deployment;
      changed.remove();
      context.step.progress('taking the change back');
      await endsWith(EXIT.done, twemstack(['up'], stackFile), 'the deployment that takes the change back');
      context.timeline.note('drill', 'restored', 'deployed as before');
      await endsWith(EXIT.done, deployment, 'the deployment in which a master was killed');
    });
    context.timeline.note('drill', 'fault', 'deploying a change');
    await changeBegins(context, deployment);
    const at = performance.now();
    await killContainer(context, master.name);
    return { at, members: [master.name], shard };
  },
};

/** Waits until the first proxy has the change, or is replaced for it; a deployment that ends before had nothing to do. */
async function changeBegins({ plan, timeline }: FaultContext, deployment: Running): Promise<void> {
  const proxies = new Set(plan.proxies.map(({ name }) => name));
  const replaced = ({ source, event, text }: TimelineEvent): boolean =>
    source === 'engine' && /^(kill|die|start)$/.test(event) && proxies.has(text.split(' ')[0]);
  const reloaded = ({ source, event }: TimelineEvent): boolean => proxies.has(source) && event === 'reload';
  const touched = timeline.next((event) => replaced(event) || reloaded(event), BEGIN_MS);
  const first = await Promise.race([touched, deployment.then(() => undefined)]);
  if (first === undefined) throw new NotSoError('the deployment changed no proxy');
}

export const DEPLOY_DRILLS: readonly Drill[] = [failoverDuringDeploy];

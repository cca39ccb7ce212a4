import { EXIT, NotSoError } from '../../errors.ts';
import { cutPower, emptyHost } from '../../lab/faults.ts';
import type { Drill, FaultContext } from '../drill.ts';
import { demandLab, lost, membersOn, refused, strike } from './host-strike.ts';
import { worstDomain } from './targets.ts';
import { endsWith, twemstack } from './twemstack.ts';

const replaceHost: Drill = {
  name: 'replace-host',
  summary:
    'an empty machine comes in the place of the host that has most masters, and the VIP if it can be: `up` makes its members anew, as replicas, and again changes nothing',
  alerts: ['RedisDown', 'ReplicaMissing'],
  onHosts: true,
  refused,
  promised: () => lost,
  lasts: () => 6000,
  async inject(context) {
    const { plan, status } = context;
    const name = worstDomain(plan, status);
    const host = demandLab(plan).hosts.find((each) => each.name === name);
    const at = performance.now();
    await strike(context, [name], 'lost its power', ({ place }, each) => cutPower(place, each), {
      first: () => {
        if (host !== undefined) emptyHost(host);
      },
      last: () => makeAnew(context),
    });
    return { at, members: membersOn(context, name) };
  },
};

/** `twemstack up` as an operator runs it, twice. @throws NotSoError when it fails, or finds something to change the second time */
async function makeAnew({ stackFile, step, timeline }: FaultContext): Promise<void> {
  step.progress('deploying what the empty machine lacks');
  await endsWith(EXIT.done, twemstack(['up'], stackFile), 'the deployment that makes the members anew');
  timeline.note('drill', 'restored', 'its members are made anew');
  step.progress('deploying a second time');
  const again = twemstack(['up'], stackFile);
  await endsWith(EXIT.done, again, 'the second deployment');
  const { all } = await again;
  if (!UNCHANGED.test(all))
    throw new NotSoError(`the second deployment found something to change:\n${all}`, {
      remedy: 'run `twemstack up`',
    });
}

/** Of what `twemstack up` says at its end. */
const UNCHANGED = /^no changes in /m;

export const HOST_REPLACED_DRILLS: readonly Drill[] = [replaceHost];

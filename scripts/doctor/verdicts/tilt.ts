import { registerCheck } from '../check.ts';

export const tilt = registerCheck({
  name: 'tilt',
  well: 'no sentinel is in TILT',
  examine: ({ status, plan }) => {
    const tilted = (status?.members ?? [])
      .filter(({ sentinel }) => sentinel?.tilt === true)
      .map(({ member }) => member.name);
    if (tilted.length === 0) return [];
    const left = plan.sentinels.length - tilted.length;
    const enough = left >= Math.floor(plan.sentinels.length / 2) + 1;
    return [
      {
        severity: 'wrong',
        subjects: tilted,
        what: `${tilted.join(', ')} ${tilted.length === 1 ? 'is' : 'are'} in TILT: for some seconds no failover comes from there`,
        why: `it stalled (an overloaded or suspended machine), or its clock jumped; ${left} of ${plan.sentinels.length} sentinels are left, which is ${enough ? 'enough for a failover' : 'too few for a failover'}`,
        mend: [
          'wait: it ends by itself once the machine keeps time',
          'when it comes again: give the machine more CPU, and see that its clock is slewed, not stepped (`timedatectl`, chrony)',
        ],
      },
    ];
  },
});

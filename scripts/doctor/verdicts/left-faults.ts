import { registerCheck } from '../check.ts';

export const leftFaults = registerCheck({
  name: 'left-faults',
  well: 'no drill left anything broken',
  examine: ({ leftFaults: faults, plan }) =>
    faults.map((fault) => ({
      severity: 'wrong',
      subjects: [plan.name],
      what: fault,
      why: 'the drill was killed before it took back what it had broken',
      mend: ['`twemstack up` takes it back'],
    })),
});

import { registerCheck } from '../check.ts';

export const deployed = registerCheck({
  name: 'deployed',
  well: 'the stack is deployed',
  examine: ({ engine, containers, plan }) =>
    engine.kind !== 'answers' || containers.size > 0
      ? []
      : [
          {
            severity: 'wrong',
            subjects: [plan.name, ...plan.members.map(({ name }) => name)],
            what: `the engine at ${engine.address} has no container of ${plan.name}`,
            why: 'it was never deployed there, or was taken down; data volumes may be there all the same',
            mend: ['`twemstack up`'],
          },
        ],
});

import { registerCheck } from '../check.ts';

export const conflicts = registerCheck({
  name: 'conflicts',
  well: 'names and addresses of the stack are its own',
  examine: ({ conflicts: found }) =>
    found.map(({ what, where, remedy }) => ({
      severity: 'wrong',
      subjects: [],
      what: `${what} (${where})`,
      why: 'members, or the virtual IP, may not be reached, or not be made again',
      mend: [remedy],
    })),
});

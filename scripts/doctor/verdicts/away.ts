import { registerCheck } from '../check.ts';

export const away = registerCheck({
  name: 'away',
  well: 'every machine of the stack is reached',
  examine: ({ away: hosts, plan }) =>
    [...hosts].map(([domain, { docker, remedy, what }]) => ({
      severity: 'wrong',
      subjects: [
        `host ${domain}`,
        ...plan.members.filter((member) => member.domain === domain).map(({ name }) => name),
      ],
      what: `host ${domain} (${docker}) is not reached: what its members do is not known`,
      why: what,
      mend: [
        remedy,
        'its members come back by themselves with it; on an empty machine in its place `twemstack up` makes them anew',
      ],
    })),
});

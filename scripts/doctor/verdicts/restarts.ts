import { type Finding, registerCheck } from '../check.ts';
import { isLooping } from '../looping.ts';

export const restarts = registerCheck({
  name: 'restarts',
  well: 'no member was ended for its memory, or came back by itself',
  examine: ({ containers, plan, now }) =>
    plan.members.flatMap(({ name }): Finding[] => {
      const container = containers.get(name);
      if (container === undefined || isLooping(container, now)) return [];
      if (container.oomKilled) {
        return [
          {
            severity: 'wrong',
            subjects: [name],
            what: `${name} was last ended by the kernel, for it reached its memory limit`,
            why: 'more than the limit of its container was needed for data, buffers and forks together',
            mend: [
              'redis: raise `redis.maxmemory` in stack.yaml, then `twemstack upgrade`',
              `\`twemstack logs ${name} --since 1d\``,
            ],
          },
        ];
      }
      if (container.restarts === 0) return [];
      return [
        {
          severity: 'note',
          subjects: [],
          what: `${name} was restarted ${container.restarts} time${container.restarts === 1 ? '' : 's'} by itself since it was made, last at ${new Date(container.startedAt).toISOString()}`,
          why: 'its process had ended, and the engine started it again; after a restart of the engine that is so for all members',
          mend: [`\`twemstack logs ${name} --events --since 1d\` tells when and why`],
        },
      ];
    }),
});

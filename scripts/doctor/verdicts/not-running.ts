import { type Finding, registerCheck } from '../check.ts';
import type { Facts } from '../facts.ts';
import { isLooping } from '../looping.ts';

export const notRunning = registerCheck({
  name: 'not-running',
  well: 'every member has a container, which runs',
  examine: (facts) => {
    if (facts.engine.kind !== 'answers' || facts.containers.size === 0) return [];
    const reached = facts.plan.members.filter(({ domain }) => !facts.away.has(domain));
    return reached.flatMap(({ name }) => ofMember(name, facts));
  },
});

function ofMember(name: string, facts: Facts): Finding[] {
  const container = facts.containers.get(name);
  const found = (what: string, why: string, ...mend: string[]): Finding[] => [
    { severity: 'wrong', subjects: [name], what: `${name} ${what}`, why, mend },
  ];
  if (container === undefined)
    return found(
      'has no container',
      'it was removed, or an `up` was cut off before it was made',
      '`twemstack up`',
    );
  if (container.status === 'running' || isLooping(container, facts.now)) return [];
  if (container.status === 'paused')
    return found(
      'is frozen',
      'somebody paused it (`docker pause`), or a drill was killed; it holds its place and does nothing',
      `\`docker unpause ${name}\``,
    );
  return found(
    `is ${container.status}, its last exit code is ${container.exitCode}`,
    'it was stopped by hand: what ends by itself is started again',
    '`twemstack up`',
  );
}

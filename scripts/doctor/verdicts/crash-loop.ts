import { registerCheck } from '../check.ts';
import { isLooping } from '../looping.ts';
import { brokenStoreLine } from './broken-store.ts';

/** Of the last words, so many are quoted. */
const QUOTED = 3;

export const crashLoop = registerCheck({
  name: 'crash-loop',
  well: 'no member ends again and again',
  examine: (facts) =>
    facts.plan.members.flatMap(({ name }) => {
      const container = facts.containers.get(name);
      if (container === undefined || !isLooping(container, facts.now)) return [];
      if (brokenStoreLine(facts, name) !== undefined) return [];
      // The engine forgets the code when it starts it again.
      const code = container.status === 'running' ? '' : `, last with exit code ${container.exitCode}`;
      const said = (facts.lastLines.get(name) ?? []).slice(-QUOTED);
      return [
        {
          severity: 'wrong',
          subjects: [name],
          what: `${name} ends soon after each start: ${container.restarts} times until now${code}`,
          why: said.length === 0 ? 'it says nothing' : `its last words: ${said.join(' / ')}`,
          mend: [
            `\`twemstack logs ${name} --since 1h\` tells more`,
            'take the last edit of stack.yaml back if it began with that; then `twemstack up`',
          ],
        },
      ];
    }),
});

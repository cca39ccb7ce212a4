import { type Finding, registerCheck } from '../check.ts';
import type { Facts } from '../facts.ts';

export const drift = registerCheck({
  name: 'drift',
  well: 'what runs is what stack.yaml says',
  examine: (facts) => [...changed(facts), ...surplus(facts)],
});

function changed({ drift: files }: Facts): Finding[] {
  if (files.size === 0) return [];
  const list = [...files].map(([member, names]) => `${member} (${names.join(', ')})`).join('; ');
  return [
    {
      severity: 'wrong',
      subjects: [],
      what: `stack.yaml, or this version of twemstack, makes other files than run: ${list}`,
      why: 'it was edited, or twemstack was updated, and nothing was deployed since; or an `up` was cut off',
      mend: [
        '`twemstack upgrade --dry-run` shows what would be replaced and what reloaded',
        '`twemstack upgrade`',
      ],
    },
  ];
}

/** Of former versions of the file. */
function surplus({ containers, plan }: Facts): Finding[] {
  const known = new Set(plan.members.map(({ name }) => name));
  const left = [...containers.values()].filter(({ name, role }) => role !== undefined && !known.has(name));
  if (left.length === 0) return [];
  const names = left.map(({ name }) => name).join(', ');
  return [
    {
      severity: 'wrong',
      subjects: [],
      what: `${names} ${left.length === 1 ? 'is' : 'are'} on the engine, and stack.yaml has no place for ${left.length === 1 ? 'it' : 'them'}`,
      why: 'stack.yaml was edited and not deployed, or this is another file than the stack was made from (`--file`)',
      mend: ['`twemstack upgrade --dry-run` shows what would become of them'],
    },
  ];
}

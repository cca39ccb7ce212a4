import { type Finding, registerCheck } from '../check.ts';
import type { Facts } from '../facts.ts';

const ADOPT = [
  '`twemstack secret adopt` takes the passwords from what runs',
  'or `twemstack secret adopt --from FILE` from a backup of the file',
];
/** What a member says to a password that it does not know. */
const REFUSED = /WRONGPASS|NOAUTH|invalid username-password/;

export const credentials = registerCheck({
  name: 'credentials',
  well: 'the passwords are here, and the members know them',
  examine: (facts) => [...lost(facts), ...refused(facts)],
});

function lost({ files, containers, plan }: Facts): Finding[] {
  const { credentials: state, credentialsPath } = files;
  if (state === 'good' || (state === 'missing' && containers.size === 0)) return [];
  return [
    {
      severity: 'wrong',
      subjects: [plan.name, credentialsPath],
      what:
        state === 'missing'
          ? `${credentialsPath} is not there`
          : `${credentialsPath} is damaged: ${state.damaged}`,
      why: 'without its passwords nobody can look into the stack, or change it; applications go on as before',
      mend: ADOPT,
    },
  ];
}

function refused({ status, files }: Facts): Finding[] {
  const members = (status?.members ?? [])
    .filter(({ error }) => error !== undefined && REFUSED.test(error))
    .map(({ member }) => member.name);
  if (members.length === 0) return [];
  return [
    {
      severity: 'wrong',
      subjects: members,
      what: `${members.join(', ')} refuse the password of operator`,
      why: `${files.credentialsPath} is not of this deployment, or a change of a password was cut off`,
      mend: ['`twemstack secret rotate operator` goes on with a change that was cut off', ...ADOPT],
    },
  ];
}

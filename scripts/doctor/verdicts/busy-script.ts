import { registerCheck } from '../check.ts';

export const busyScript = registerCheck({
  name: 'busy-script',
  well: 'no script keeps a redis busy',
  examine: ({ status }) =>
    (status?.members ?? [])
      .filter(({ error }) => error?.startsWith('BUSY') === true)
      .map(({ member }) => ({ name: member.name, shard: member.role === 'redis' ? [member.shard] : [] }))
      .map(({ name, shard }) => ({
        severity: 'wrong',
        subjects: [name, ...shard],
        what: `${name} runs a script that does not end, and serves nobody else`,
        why: 'an application sent an endless or a very long EVAL or FCALL (past redis.script_time_limit)',
        mend: [
          `\`twemstack cli --as operator --member ${name} SCRIPT KILL\`, or FUNCTION KILL: whichever it is`,
          'UNKILLABLE means that it has written: its sentinels replace the member when it does not end, and its guard ends it then',
        ],
      })),
});

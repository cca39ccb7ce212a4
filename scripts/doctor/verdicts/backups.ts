import { judgeBackups } from '../../backup/record.ts';
import { registerCheck } from '../check.ts';

const WHY = {
  failed:
    'the store may be full or out of reach, its credentials wrong, or no replica in step with its master',
  stale: 'nothing takes them any more: the program or timer that did has ended, or fails elsewhere',
  never: 'nobody took one from here yet',
} as const;

export const backups = registerCheck({
  name: 'backups',
  well: 'the last backup went well, and is as young as stack.yaml wants it',
  examine: ({ plan, backups: record, now }) => {
    const { kind, text } = judgeBackups(plan.backup, record, now);
    if (kind === 'none' || kind === 'good') return [];
    return [
      {
        severity: kind === 'never' ? 'note' : 'wrong',
        subjects: [],
        what: `backups: ${text}`,
        why: WHY[kind],
        mend: [
          '`twemstack backup`: it says what is in the way, or takes one',
          ...(kind === 'failed' ? [] : ['keep `twemstack backup --schedule` running (docs/backup.md)']),
        ],
      },
    ];
  },
});

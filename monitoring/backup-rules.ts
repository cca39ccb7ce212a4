import { yaml } from './prometheus-yml.ts';

export const LAST_GOOD = 'twemstack_backup_last_success_timestamp_seconds';
export const LAST_FAILURE = 'twemstack_backup_last_failure_timestamp_seconds';

/**
 * How backups went, as rules that give a constant: they are taken outside of the stack, by programs that end, and nobody
 * could ask them.
 *
 * @param lastGood, lastFailure milliseconds since 1970; undefined = never, which is 0
 */
export function renderBackupRules(lastGood: number | undefined, lastFailure: number | undefined): string {
  const seconds = (ms: number | undefined): string => `vector(${Math.floor((ms ?? 0) / 1000)})`;
  return `# Written by twemstack backup.\n${yaml({
    groups: [
      {
        name: 'backup',
        rules: [
          { record: LAST_GOOD, expr: seconds(lastGood) },
          { record: LAST_FAILURE, expr: seconds(lastFailure) },
        ],
      },
    ],
  })}`;
}

import { type Command, Option } from 'commander';
import { LEVELS } from '../logs/record.ts';
import { verb } from './verb.ts';

/** Verbs that tell how a running stack is. */
export function addObserving(program: Command): void {
  program.commandsGroup('Look at what runs:');
  verb(
    program,
    'status',
    'every member: domain, role now, address, health, replication; exit 1 when degraded',
    async () => (await import('../verbs/status.ts')).statusVerb,
  ).option('--watch', 'again every second until interrupted');
  verb(
    program,
    'doctor',
    'what is wrong, why, and the command that mends it; changes nothing; exit 1 when something is wrong',
    async () => (await import('../verbs/doctor.ts')).doctorVerb,
  );
  verb(
    program,
    'logs [who...]',
    "all members' logs on one clock, in one format; members, roles, shards and domains narrow it",
    async () => (await import('../verbs/logs.ts')).logsVerb,
  )
    .option(
      '--since <when>',
      'how far back: 30s, 10m, 2h, 1d, a time such as 2026-01-31T12:00:00Z, or all',
      '10m',
    )
    .option('--follow', 'go on with what is written from now on, until interrupted')
    .addOption(
      new Option('--level <least>', 'only lines of this level or a graver one')
        .choices(LEVELS)
        .default('debug'),
    )
    .option('--events', 'only what matters: failovers, promotions, starts, ends, reloads, deployments');
  verb(
    program,
    'console',
    'a web page of the running stack, on 127.0.0.1, opened by a link that is good once',
    async () => (await import('../verbs/console.ts')).consoleVerb,
  )
    .option('--port <n>', 'where it listens on 127.0.0.1 (default: any that is free)', '0')
    .option('--allow-actions', 'let the page begin switchovers, drills and dry runs, after asking once more');
}

import { type Command, Option } from 'commander';
import type { CliOptions } from '../verbs/cli.ts';
import { ask, demandValues, verb } from './verb.ts';

/** Verbs that do something to a running stack: ask it, hand it over, break it, measure it. */
export function addOperating(program: Command): void {
  program.commandsGroup('Work on what runs:');
  ask(
    program,
    'cli [args...]',
    'redis-cli inside the stack: through the VIP as application, or at one member as operator',
  )
    .addOption(
      new Option('--as <account>', 'whose password to come with')
        .choices(['application', 'operator'])
        .default('application'),
    )
    .option('--pool <name>', 'application: the pool to ask (default: the first one)')
    .option('--member <name>', 'operator: the redis or sentinel to ask (default: the first redis that runs)')
    // What follows is redis-cli's, options too.
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[], options: CliOptions, command: Command) => {
      demandValues(command);
      process.exitCode = await (await import('../verbs/cli.ts')).cliVerb(options, args);
    });
  verb(
    program,
    'switchover <shard>',
    'hand a shard over to one of its replicas on purpose, without an error; refused when that would not be safe',
    async () => (await import('../verbs/switchover.ts')).switchoverVerb,
  )
    .option('--to <member>', 'the member that shall be master (default: the replica that has most)')
    .option(
      '--force',
      'make the best member in reach master although too few are to be sure; shows what may be lost, and needs --yes',
    )
    .option('--yes', 'with --force: do it');
  verb(
    program,
    'drill [name...]',
    'inject faults under load and report what the application saw; exit 1 when a promise is broken',
    async () => (await import('../verbs/drill.ts')).drillVerb,
  )
    .option('--all', 'every drill, 5 rounds each unless --rounds says otherwise, and drill-report.html')
    .option('--list', 'which drills there are, what each does, and which alerts tell of it while it lasts')
    .option('--rounds <n>', 'how often (default: 1)')
    .option(
      '--hold',
      'let each fault last until the alerts that its drill names are raised, and see that they end; needs monitoring: on',
    )
    .option(
      '--seed <n>',
      'what `random` and `nemesis` draw their faults by; the same seed gives the same faults',
    )
    .option('--replay <script>', 'nemesis: do what a round did, in the words that it printed')
    .option(
      '--shrink <n>',
      'nemesis: how often a script that broke data is tried in fewer steps (default: 12)',
    )
    .option(
      '--shard <name>',
      'the shard that drills of a single shard hit; without it each round hits the next one',
    )
    .option('--html <file>', 'also write one self-contained page with timelines')
    .option('--force', 'also on a stack that is not whole');

  verb(
    program,
    'bench <what>',
    'measure: stack (a running one; stops one domain for some seconds)',
    async () => (await import('../verbs/bench.ts')).benchVerb,
  );
}

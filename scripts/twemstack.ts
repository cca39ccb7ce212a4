import { Command, CommanderError, Option } from 'commander';
import { EnvironmentError, EXIT, fileTrouble, OperatorError } from './errors.ts';
import { LEVELS } from './logs/record.ts';
import type { CliOptions } from './verbs/cli.ts';

/** The verbs are loaded on demand, so that `--help` and `status` do not pay for cdktf. */
type Verb<O> = (options: O, ...args: string[]) => Promise<number>;

const program = new Command('twemstack')
  .description(
    'Redis high availability as code: one YAML file becomes HAProxy + keepalived + Sentinel + Redis + a Sentinel-aware\n' +
      'twemproxy on Docker, reached through one virtual IP.',
  )
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 the thing asked for is not so, 2 bad input, 3 the environment lacks something.',
  )
  .showHelpAfterError('(twemstack --help shows the verbs)')
  // An option belongs to the verb it stands behind: `secret` and `secret rotate` have some of the same name.
  .enablePositionalOptions()
  .exitOverride();

function verb<O>(
  name: string,
  description: string,
  load: () => Promise<Verb<O>>,
  parent: Command = program,
): Command {
  return parent
    .command(name)
    .description(description)
    .option('-f, --file <path>', 'the stack file', undefined)
    .option('--json', 'one JSON document on stdout, nothing else')
    .action(async (...args: unknown[]) => {
      // commander passes the arguments, then the options, then the command.
      const options = args.at(-2) as O;
      const run = await load();
      process.exitCode = await run(options, ...(args.slice(0, -2) as string[]));
    });
}

const provider = () =>
  new Option('--provider <where>', 'where the Docker provider comes from').choices([
    'mirror',
    'registry',
    'bundled',
  ]);

const removeData = () =>
  new Option(
    '--remove-data <name>',
    'also remove for good the data of this shard, member or domain, which the stack file has no place for; may be repeated',
  ).argParser((name: string, before: string[] | undefined) => [...(before ?? []), name]);
const movesKeys = () =>
  new Option(
    '--moves-keys',
    'go on although keys will be looked for on another shard than they are stored on, or are in a database that their pool serves no more',
  );

verb(
  'prepare',
  'find or install what a deployment needs: engine, terraform, provider, base image, executables',
  async () => (await import('./verbs/prepare.ts')).prepareVerb,
).addOption(provider());
verb(
  'up',
  'prepare, then deploy one stack after the other, each with a gate; running it again changes nothing',
  async () => (await import('./verbs/up.ts')).upVerb,
)
  .addOption(removeData())
  .addOption(movesKeys())
  .addOption(provider());
verb(
  'upgrade',
  'change a whole stack one domain at a time, masters, clients and the VIP moved out of the way first',
  async () => (await import('./verbs/upgrade.ts')).upgradeVerb,
)
  .option('--dry-run', 'show what would be replaced and what reloaded, changing nothing')
  .option('--recreate', 'replace every container, also where nothing has changed')
  .addOption(removeData())
  .addOption(movesKeys())
  .addOption(provider());
verb(
  'down',
  'remove what this stack made; data volumes only with --volumes',
  async () => (await import('./verbs/down.ts')).downVerb,
).option('--volumes', 'also remove the data volumes and the credentials: the data is gone');
verb(
  'status',
  'every member: domain, role now, address, health, replication; exit 1 when degraded',
  async () => (await import('./verbs/status.ts')).statusVerb,
).option('--watch', 'again every second until interrupted');
verb(
  'doctor',
  'what is wrong, why, and the command that mends it; changes nothing; exit 1 when something is wrong',
  async () => (await import('./verbs/doctor.ts')).doctorVerb,
);
verb(
  'logs [who...]',
  "all members' logs on one clock, in one format; members, roles, shards and domains narrow it",
  async () => (await import('./verbs/logs.ts')).logsVerb,
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
  'console',
  'a web page of the running stack, on 127.0.0.1, opened by a link that is good once',
  async () => (await import('./verbs/console.ts')).consoleVerb,
)
  .option('--port <n>', 'where it listens on 127.0.0.1 (default: any that is free)', '0')
  .option('--allow-actions', 'let the page begin switchovers, drills and dry runs, after asking once more');
verb(
  'plan',
  'addresses and placement, deploying nothing',
  async () => (await import('./verbs/plan.ts')).planVerb,
)
  .addOption(
    new Option('--diagram <form>', 'print a picture of the topology instead').choices(['mermaid', 'svg']),
  )
  .addOption(
    new Option('--firewall [form]', 'several hosts: print what must pass between them instead').choices([
      'table',
      'nftables',
    ]),
  )
  .option(
    '--keys <what>',
    'show instead how keys are spread over the shards: a file with one key a line, or a pattern such as "user:*"',
  );
const keys = program.command('keys').description('where keys live');
verb(
  'locate [keys...]',
  "the shard of each key in each pool, by the proxies' own ring; asks nobody",
  async () => (await import('./verbs/keys.ts')).locateVerb,
  keys,
);
verb(
  'hosts',
  'several hosts: who the machines say they are, at most four seconds each; exit 3 when one will not do',
  async () => (await import('./verbs/hosts.ts')).hostsVerb,
);
const lab = program.command('lab').description('three engines as three hosts on this machine (root, Linux)');
verb(
  'up',
  'start them, reachable by ssh and TLS; what runs already is left as it is',
  async () => (await import('./verbs/lab.ts')).labUpVerb,
  lab,
);
verb(
  'status',
  'the hosts and their engines; exit 1 when one is off or silent',
  async () => (await import('./verbs/lab.ts')).labStatusVerb,
  lab,
);
verb(
  'down',
  'end them and remove all that is theirs, images and data included',
  async () => (await import('./verbs/lab.ts')).labDownVerb,
  lab,
);
verb(
  'render',
  'write every generated configuration file to a folder, deploying nothing',
  async () => (await import('./verbs/render.ts')).renderVerb,
).requiredOption('--out <dir>', 'folder to write to');
const secret = verb(
  'secret <name>',
  'print one password: application, operator, proxy, replication, sentinel, guard, monitor',
  async () => (await import('./verbs/secret.ts')).secretVerb,
);
verb(
  'rotate <name>',
  'change one password while everything runs; run again, it goes on where it was interrupted',
  async () => (await import('./verbs/secret-rotate.ts')).rotateVerb,
  secret,
)
  .option('--finish', 'application: forget the old password, which is good besides the new one until then')
  .addOption(provider());
verb(
  'set <name>',
  'keep what alerts are sent with, from stdin: smtp (the mail server’s password), webhook (a token); nothing on stdin forgets it',
  async () => (await import('./verbs/secret-set.ts')).secretSetVerb,
  secret,
);
verb(
  'adopt',
  'give a stack whose credentials file is lost its passwords back, from what its members have',
  async () => (await import('./verbs/secret-adopt.ts')).adoptVerb,
  secret,
).option('--from <file>', 'take them from this backup of the file instead');
verb(
  'synth',
  'write the terraform configuration of every stack (what cdktf.json runs)',
  async () => (await import('./verbs/synth.ts')).synthVerb,
);
program
  .command('cli [args...]')
  .description('redis-cli inside the stack: through the VIP as application, or at one member as operator')
  .option('-f, --file <path>', 'the stack file', undefined)
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
  .action(async (args: string[], options: CliOptions) => {
    process.exitCode = await (await import('./verbs/cli.ts')).cliVerb(options, args);
  });
verb(
  'switchover <shard>',
  'hand a shard over to one of its replicas on purpose, without an error; refused when that would not be safe',
  async () => (await import('./verbs/switchover.ts')).switchoverVerb,
)
  .option('--to <member>', 'the member that shall be master (default: the replica that has most)')
  .option(
    '--force',
    'make the best member in reach master although too few are to be sure; shows what may be lost, and needs --yes',
  )
  .option('--yes', 'with --force: do it');
verb(
  'drill [name...]',
  'inject faults under load and report what the application saw; exit 1 when a promise is broken',
  async () => (await import('./verbs/drill.ts')).drillVerb,
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
  .option('--shrink <n>', 'nemesis: how often a script that broke data is tried in fewer steps (default: 12)')
  .option(
    '--shard <name>',
    'the shard that drills of a single shard hit; without it each round hits the next one',
  )
  .option('--html <file>', 'also write one self-contained page with timelines')
  .option('--force', 'also on a stack that is not whole');

const to = () =>
  new Option(
    '--to <where>',
    'where backups are kept: a folder, or s3://BUCKET/PREFIX (default: backup.to of stack.yaml, else .twemstack/backups)',
  );
const key = () =>
  new Option('--key <file>', 'the key of an encrypted backup; without it the one that the stack has here');
const backup = verb(
  'backup',
  'write all data to files, from replicas, while everything runs; exit 1 when that cannot be done whole',
  async () => (await import('./verbs/backup.ts')).backupVerb,
)
  .addOption(to())
  .option('--encrypt', 'with a key of the stack, which is made at the first time')
  .option('--keep <n>', 'afterwards remove all but the newest so many backups')
  .option('--schedule', 'stay, and take one as often as backup.every of stack.yaml says')
  .option('--from-master', 'of a shard without a replica in step, take the data from its master');
verb(
  'list',
  'the backups that there are, the newest last; exit 1 when there is none',
  async () => (await import('./verbs/backup.ts')).backupListVerb,
  backup,
).addOption(to());
verb(
  'verify [backup]',
  'restore a backup (default: latest) into a redis of its own, without a network, and compare; exit 1 when it is not whole',
  async () => (await import('./verbs/backup-verify.ts')).backupVerifyVerb,
  backup,
)
  .addOption(to())
  .addOption(key());
verb(
  'restore [backup]',
  'bring the keys of a backup (default: latest; an id, or its path) into this stack, each to the shard where the ring says',
  async () => (await import('./verbs/restore.ts')).restoreVerb,
)
  .addOption(to())
  .addOption(key())
  .option('--replace <stack>', 'first remove all data of the stack of this name for good');
verb(
  'import',
  'bring the keys of another Redis, or of a twemproxy’s servers, into this stack while they are used, and take their place',
  async () => (await import('./verbs/import.ts')).importVerb,
)
  .requiredOption(
    '--from <where>',
    'redis://USER@HOST:PORT/DATABASE (rediss:// for TLS), or the nutcracker.yml of a twemproxy',
  )
  .option(
    '--pool <name>',
    'the pool that keys go into (default: the only one; of a file, those of the same name)',
  )
  .option(
    '--cut-over',
    'when it is level: have writers wait for at most a second, close the source for writes, compare, and end',
  )
  .option('--writers-stopped', 'you have stopped whoever writes: end when everything is copied and compared')
  .option('--merge', 'into a pool that has keys: one that both have becomes that of the source')
  .option('--password-file <file>', 'the source’s password; also in TWEMSTACK_IMPORT_PASSWORD')
  .option('--ask-password', 'ask for the source’s password')
  .option('--ca <file>', 'rediss://: the authority of the source’s certificate (default: the usual ones)');

verb(
  'bench <what>',
  'measure: stack (a running one; stops one domain for some seconds)',
  async () => (await import('./verbs/bench.ts')).benchVerb,
);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof OperatorError) {
    process.stderr.write(`${error.format()}\n`);
    return error.exitCode;
  }
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.badInput;
  const trouble = fileTrouble(error);
  if (trouble !== undefined)
    return report(
      new EnvironmentError(`a file cannot be read or written: ${trouble}`, {
        remedy: 'mend that, or name another place; then the same command again',
        cause: error,
      }),
    );
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.stderr.write(
    'This is a mistake in twemstack itself, not in what you did; the lines above tell where.\n',
  );
  return EXIT.notSo;
}

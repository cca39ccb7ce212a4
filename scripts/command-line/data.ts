import { type Command, Option } from 'commander';
import { verb } from './verb.ts';

const to = () =>
  new Option(
    '--to <where>',
    'where backups are kept: a folder, or s3://BUCKET/PREFIX (default: backup.to of stack.yaml, else .twemstack/backups)',
  );
const key = () =>
  new Option('--key <file>', 'the key of an encrypted backup; without it the one that the stack has here');

/** Verbs that bring data out of a stack, and into one. */
export function addData(program: Command): void {
  program.commandsGroup('Data:');
  const backup = verb(
    program,
    'backup',
    'write all data to files, from replicas, while everything runs; exit 1 when that cannot be done whole',
    async () => (await import('../verbs/backup.ts')).backupVerb,
  )
    .addOption(to())
    .option('--encrypt', 'with a key of the stack, which is made at the first time')
    .option('--keep <n>', 'afterwards remove all but the newest so many backups')
    .option(
      '--rate <size>',
      'MB a second that are read of a shard, e.g. 8mb; unlimited: as fast as it comes (default: backup.rate of stack.yaml)',
    )
    .option('--schedule', 'stay, and take one as often as backup.every of stack.yaml says')
    .option('--from-master', 'of a shard without a replica in step, take the data from its master');
  verb(
    backup,
    'list',
    'the backups that there are, the newest last; exit 1 when there is none',
    async () => (await import('../verbs/backup.ts')).backupListVerb,
  ).addOption(to());
  verb(
    backup,
    'verify [backup]',
    'restore a backup (default: latest) into a redis of its own, without a network, and compare; exit 1 when it is not whole',
    async () => (await import('../verbs/backup-verify.ts')).backupVerifyVerb,
  )
    .addOption(to())
    .addOption(key());
  verb(
    program,
    'restore [backup]',
    'bring the keys of a backup (default: latest; an id, or its path) into this stack, each to the shard where the ring says',
    async () => (await import('../verbs/restore.ts')).restoreVerb,
  )
    .addOption(to())
    .addOption(key())
    .option('--replace <stack>', 'first remove all data of the stack of this name for good');
  verb(
    program,
    'import',
    'bring the keys of another Redis, or of a twemproxy’s servers, into this stack while they are used, and take their place',
    async () => (await import('../verbs/import.ts')).importVerb,
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
    .option(
      '--writers-stopped',
      'you have stopped whoever writes: end when everything is copied and compared',
    )
    .option('--merge', 'into a pool that has keys: one that both have becomes that of the source')
    .option('--password-file <file>', 'the source’s password; also in TWEMSTACK_IMPORT_PASSWORD')
    .option('--ask-password', 'ask for the source’s password')
    .option('--ca <file>', 'rediss://: the authority of the source’s certificate (default: the usual ones)');
}

import type { Command } from 'commander';
import { provider } from './shared-options.ts';
import { verb } from './verb.ts';

/** Verbs about passwords. */
export function addSecrets(program: Command): void {
  program.commandsGroup('Passwords:');
  const secret = verb(
    program,
    'secret <name>',
    'print one password: application, operator, proxy, replication, sentinel, guard, monitor',
    async () => (await import('../verbs/secret.ts')).secretVerb,
  );
  verb(
    secret,
    'rotate <name>',
    'change one password while everything runs; run again, it goes on where it was interrupted',
    async () => (await import('../verbs/secret-rotate.ts')).rotateVerb,
  )
    .option('--finish', 'application: forget the old password, which is good besides the new one until then')
    .addOption(provider());
  verb(
    secret,
    'set <name>',
    'keep what alerts are sent with, from stdin: smtp (the mail server’s password), webhook (a token); nothing on stdin forgets it',
    async () => (await import('../verbs/secret-set.ts')).secretSetVerb,
  );
  verb(
    secret,
    'adopt',
    'give a stack whose credentials file is lost its passwords back, from what its members have',
    async () => (await import('../verbs/secret-adopt.ts')).adoptVerb,
  ).option('--from <file>', 'take them from this backup of the file instead');
}

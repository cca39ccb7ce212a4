import type { Command } from 'commander';
import { movesKeys, provider, removeData } from './shared-options.ts';
import { verb } from './verb.ts';

/** Verbs that make, change and remove a stack, or write what it would be made of. */
export function addDeploying(program: Command): void {
  program.commandsGroup('Deploy:');
  verb(
    program,
    'prepare',
    'find or install what a deployment needs: engine, terraform, provider, base image, executables',
    async () => (await import('../verbs/prepare.ts')).prepareVerb,
  ).addOption(provider());
  verb(
    program,
    'up',
    'prepare, then deploy, with gates: at first all domains at once, later one after the other; running it again changes nothing',
    async () => (await import('../verbs/up.ts')).upVerb,
  )
    .addOption(removeData())
    .addOption(movesKeys())
    .addOption(provider());
  verb(
    program,
    'upgrade',
    'change a whole stack one domain at a time, masters, clients and the VIP moved out of the way first',
    async () => (await import('../verbs/upgrade.ts')).upgradeVerb,
  )
    .option('--dry-run', 'show what would be replaced and what reloaded, changing nothing')
    .option('--recreate', 'replace every container, also where nothing has changed')
    .addOption(removeData())
    .addOption(movesKeys())
    .addOption(provider());
  verb(
    program,
    'down',
    'remove what this stack made; data volumes only with --volumes',
    async () => (await import('../verbs/down.ts')).downVerb,
  ).option('--volumes', 'also remove the data volumes and the credentials: the data is gone');
  verb(
    program,
    'render',
    'write every generated configuration file to a folder, deploying nothing',
    async () => (await import('../verbs/render.ts')).renderVerb,
  ).requiredOption('--out <dir>', 'folder to write to');
  verb(
    program,
    'synth',
    'write the terraform configuration of every stack (what cdktf.json runs)',
    async () => (await import('../verbs/synth.ts')).synthVerb,
  );
}

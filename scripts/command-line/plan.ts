import { type Command, Option } from 'commander';
import { group, verb } from './verb.ts';

/** Verbs that tell what follows from a stack file, and ask nobody. */
export function addPlanning(program: Command): void {
  program.commandsGroup('Look ahead:');
  verb(
    program,
    'plan',
    'addresses and placement, deploying nothing',
    async () => (await import('../verbs/plan.ts')).planVerb,
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
  const keys = group(program, 'keys', 'where keys live');
  verb(
    keys,
    'locate [keys...]',
    "the shard of each key in each pool, by the proxies' own ring; asks nobody",
    async () => (await import('../verbs/keys.ts')).locateVerb,
  );
}

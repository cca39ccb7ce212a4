import { Command } from 'commander';
import { addData } from './command-line/data.ts';
import { addDeploying } from './command-line/deploy.ts';
import { addHosts } from './command-line/hosts.ts';
import { addObserving } from './command-line/observe.ts';
import { addOperating } from './command-line/operate.ts';
import { addPlanning } from './command-line/plan.ts';
import { reportError } from './command-line/report-error.ts';
import { addSecrets } from './command-line/secrets.ts';
import { VERSION } from './stack/version.ts';

const program = new Command('twemstack')
  .description(
    'Redis high availability as code: one YAML file becomes HAProxy + keepalived + Sentinel + Redis + a Sentinel-aware ' +
      'twemproxy on Docker, reached through one virtual IP.',
  )
  .version(VERSION)
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 the thing asked for is not so, 2 bad input, 3 the environment lacks something.',
  )
  .showHelpAfterError('(twemstack --help shows the verbs)')
  // An option belongs to the verb it stands behind: `secret` and `secret rotate` have some of the same name.
  .enablePositionalOptions()
  .exitOverride();

for (const add of [addDeploying, addPlanning, addObserving, addOperating, addData, addSecrets, addHosts])
  add(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}

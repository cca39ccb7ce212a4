import { join, resolve } from 'node:path';
import { renderDashboard } from '../../monitoring/dashboard.ts';
import { ACCOUNTS, type Account, type Credentials } from '../../topology/types.ts';
import { EXIT } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import { renderMembers } from '../render/member-files.ts';
import { storedAlertSecrets } from '../stack/alert-secrets.ts';
import { furtherPasswords, readCredentials } from '../stack/credentials.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { writePrivate } from '../stack/private-file.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

/** In files rendered before the first `up` these stand where the passwords will be. */
const PLACEHOLDERS = Object.fromEntries(
  ACCOUNTS.map((account) => [account, `password-of-${account}-not-generated-yet`]),
) as Record<Account, string>;

/** Writes every generated file to `<out>/<member>/`, mode 0600 because some hold passwords. */
export async function renderVerb(options: CommonOptions & { out: string }): Promise<number> {
  const plan = loadAnyPlan(options.file);
  const { home } = verbContext(options);
  const known = readCredentials(home, plan.name);
  const credentials: Credentials = known ?? PLACEHOLDERS;
  const written: string[] = [];
  const further = furtherPasswords(home, plan.name);
  const alertSecrets = storedAlertSecrets(home, plan.name);
  for (const [member, files] of renderMembers(plan, credentials, further, alertSecrets)) {
    const dir = join(resolve(options.out), member);
    makeFolder(dir, 0o700);
    for (const file of files) {
      const path = join(dir, file.name);
      writePrivate(path, file.content);
      written.push(path);
    }
  }
  if (plan.monitors !== undefined) {
    const path = join(resolve(options.out), 'grafana-dashboard.json');
    writePrivate(path, renderDashboard(plan));
    written.push(path);
  }
  if (options.json === true)
    printJson({ files: written, credentials: known === undefined ? 'placeholders' : 'real' });
  else {
    process.stdout.write(`${written.join('\n')}\n`);
    if (known === undefined)
      process.stderr.write('No credentials exist yet: placeholders stand in their place.\n');
  }
  return EXIT.done;
}

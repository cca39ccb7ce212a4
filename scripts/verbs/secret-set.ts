import { text } from 'node:stream/consumers';
import { ALERT_SECRETS } from '../../topology/types.ts';
import { EXIT, InputError } from '../errors.ts';
import { storeAlertSecret } from '../stack/alert-secrets.ts';
import { loadPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

/** Longer than any password or token; a file that was not meant is refused. */
const MOST_BYTES = 4096;

/**
 * Keeps what alerts are sent with, from stdin: an argument would stand in the process list and in the shell's history. Nothing on
 * stdin forgets it.
 */
export async function secretSetVerb(options: CommonOptions, name: string): Promise<number> {
  const known = ALERT_SECRETS.find((each) => each === name);
  if (known === undefined)
    throw new InputError(`"${name}" is nothing that is given from outside`, {
      remedy: `${ALERT_SECRETS.join(' and ')} are; passwords of accounts are generated, \`twemstack secret rotate\` changes one`,
    });
  const plan = loadPlan(options.file);
  const { home } = verbContext(options);
  const given = (await text(process.stdin)).replace(/\r?\n$/, '');
  if (given.length > MOST_BYTES || /\p{Cc}/u.test(given))
    throw new InputError('what came on stdin is more than one line, or too long for a password', {
      where: 'stdin',
      remedy: `give one line of at most ${MOST_BYTES} characters: \`twemstack secret set ${known} < FILE\``,
    });
  storeAlertSecret(home, plan.name, known, given === '' ? undefined : given);
  if (options.json === true) printJson({ secret: known, kept: given !== '' });
  else
    process.stderr.write(
      given === ''
        ? `${known}: forgotten; \`twemstack up\` takes it from the monitors\n`
        : `${known}: kept; \`twemstack up\` brings it to the monitors\n`,
    );
  return EXIT.done;
}

import { join } from 'node:path';
import { ALERT_SECRETS, type AlertSecrets, type Plan } from '../../topology/types.ts';
import { InputError } from '../errors.ts';
import type { Home } from './home.ts';
import { readIfPresent, writePrivate } from './private-file.ts';

/** Path of the file with what alerts are sent with, mode 0600: the password of the mail server, the webhook's token. */
const secretsFile = (home: Home, stack: string): string => join(home.stack(stack), 'alert-secrets.json');

/** What `secret set` was given; empty when nothing was. @throws InputError when the file is damaged */
export function storedAlertSecrets(home: Home, stack: string): AlertSecrets {
  const path = secretsFile(home, stack);
  const text = readIfPresent(path);
  if (text === undefined) return {};
  try {
    const found = Object(JSON.parse(text)) as Record<string, unknown>;
    return Object.fromEntries(
      ALERT_SECRETS.flatMap((name) => (typeof found[name] === 'string' ? [[name, found[name]]] : [])),
    );
  } catch (cause) {
    throw new InputError('the file of what alerts are sent with is not JSON', {
      where: path,
      remedy: `remove it, then give each again: \`twemstack secret set ${ALERT_SECRETS.join('|')}\``,
      cause,
    });
  }
}

/** The same, for a deployment. @throws InputError when the mail server wants a password and none is known */
export function readAlertSecrets(home: Home, plan: Pick<Plan, 'name' | 'monitoring'>): AlertSecrets {
  const secrets = storedAlertSecrets(home, plan.name);
  if (plan.monitoring?.smtpUser && secrets.smtp === undefined)
    throw new InputError(
      `nobody said the password of ${plan.monitoring.smtpUser} at ${plan.monitoring.smtp}`,
      {
        where: 'monitoring.smtp_user',
        remedy: 'give it on stdin: `twemstack secret set smtp < FILE`',
      },
    );
  return secrets;
}

/** Keeps one; undefined forgets it. */
export function storeAlertSecret(
  home: Home,
  stack: string,
  name: (typeof ALERT_SECRETS)[number],
  value: string | undefined,
): void {
  const { [name]: _former, ...others } = storedAlertSecrets(home, stack);
  home.privateDir(home.stack(stack));
  const whole = value === undefined ? others : { ...others, [name]: value };
  writePrivate(secretsFile(home, stack), `${JSON.stringify(whole, null, 2)}\n`);
}

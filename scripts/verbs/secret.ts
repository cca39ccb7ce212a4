import { didYouMean } from '../../topology/nearest.ts';
import { ACCOUNTS, type Account } from '../../topology/types.ts';
import { EXIT, InputError } from '../errors.ts';
import { demandStored } from '../stack/credentials.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

/** Prints one password, and nothing else, on stdout. */
export async function secretVerb(options: CommonOptions, name: string): Promise<number> {
  const account = accountOf(name);
  const plan = loadAnyPlan(options.file);
  const { home } = verbContext(options);
  const password = demandStored(home, plan.name).passwords[account];
  if (options.json === true) printJson({ account, password });
  else process.stdout.write(`${password}\n`);
  return EXIT.done;
}

/** @throws InputError that lists the accounts when there is none of that name */
export function accountOf(name: string): Account {
  const account = ACCOUNTS.find((known) => known === name);
  if (account !== undefined) return account;
  throw new InputError(`there is no account "${name}"`, {
    remedy: `${didYouMean(name, ACCOUNTS)}the accounts are ${ACCOUNTS.join(', ')}`,
  });
}

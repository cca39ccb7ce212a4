import { readdirSync } from 'node:fs';
import { InputError } from '../../scripts/errors.ts';
import { type Attack, registeredAttacks } from './attack.ts';

const FOLDER = new URL('attacks/', import.meta.url);

/** Every attack there is: a new file in `attacks/` is one more. */
export async function loadAttacks(): Promise<readonly Attack[]> {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'));
  await Promise.all(files.map((name) => import(new URL(name, FOLDER).href)));
  return registeredAttacks();
}

/** @throws InputError with the names that there are */
export function chooseAttacks(
  all: readonly Attack[],
  only: readonly string[],
  thin: boolean,
): readonly Attack[] {
  const unknown = only.find((name) => all.every((attack) => attack.name !== name));
  if (unknown !== undefined) {
    const known = all.map(({ name, tries }) => `  ${name}: ${tries}`).join('\n');
    throw new InputError(`there is no attack "${unknown}"`, {
      where: '--only',
      remedy: `there are\n${known}`,
    });
  }
  return all.filter(
    (attack) => (only.length === 0 || only.includes(attack.name)) && (!thin || attack.thin === true),
  );
}

import { InputError } from '../errors.ts';

/**
 * The value of an option that counts.
 *
 * @param option as it is typed, for the error
 * @throws InputError when it is none from `least` to `most`
 */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InputError(`${option} "${text}" is not a whole number from ${least} to ${most}`);
}

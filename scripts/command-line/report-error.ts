import { CommanderError } from 'commander';
import {
  connectionTrouble,
  EnvironmentError,
  EXIT,
  engineRefusal,
  fileTrouble,
  OperatorError,
  tellOperator,
} from '../errors.ts';

/** Tells on stderr why a verb ended early. @returns the exit code that says so, too */
export function reportError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.badInput;
  const told = inWords(error);
  if (told !== undefined) return tellOperator(told);
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.stderr.write(
    'This is a mistake in twemstack itself, not in what you did; the lines above tell where.\n',
  );
  return EXIT.notSo;
}

/** What an operator can act on; undefined for a mistake of twemstack's own. */
function inWords(error: unknown): OperatorError | undefined {
  if (error instanceof OperatorError) return error;
  const trouble = fileTrouble(error);
  if (trouble !== undefined)
    return new EnvironmentError(`a file cannot be read or written: ${trouble}`, {
      remedy: 'mend that, or name another place; then the same command again',
      cause: error,
    });
  const refusal = engineRefusal(error);
  if (refusal !== undefined)
    return new EnvironmentError(`the Docker engine refuses: ${refusal}`, {
      remedy: 'what was done until then stands; mend that, then the same command goes on',
      cause: error,
    });
  const lost = connectionTrouble(error);
  if (lost !== undefined)
    return new EnvironmentError(`a connection ended before there was an answer: ${lost}`, {
      remedy:
        'the Docker engine or a member was restarted, or is too busy: `twemstack status` shows what stands; the same command goes on',
      cause: error,
    });
  return undefined;
}

import { NotSoError } from '../errors.ts';
import { consoleReporter, type Reporter, SILENT } from '../report/steps.ts';
import { Home, homeFolder } from '../stack/home.ts';
import { madeBy } from '../stack/made-by.ts';

/** Options that every verb takes. */
export interface CommonOptions {
  readonly file?: string;
  readonly json?: boolean;
}

/** What every verb works with. */
export interface VerbContext {
  readonly home: Home;
  readonly reporter: Reporter;
  readonly json: boolean;
  /** Aborted by the first Ctrl-C or SIGTERM: finish what is under way, then stop. */
  readonly signal: AbortSignal;
}

/** @throws InputError when the folder is kept by a newer version than this one */
export function verbContext(options: CommonOptions): VerbContext {
  const home = new Home(homeFolder(options.file));
  madeBy(home);
  return {
    home,
    reporter: options.json === true ? SILENT : consoleReporter(),
    json: options.json === true,
    signal: interruptSignal(),
  };
}

/** Prints the one document of `--json`. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

/** What a step ends with that has no better words for where it was when it was told to stop. */
const interrupted = (signal: string): NotSoError =>
  new NotSoError(`interrupted by ${signal}; what was done until then stands`, {
    remedy: 'the same command again goes on, or begins anew',
  });

function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) return;
      process.stderr.write(`\n${signal}: finishing what is under way, then stopping …\n`);
      controller.abort(interrupted(signal));
    });
  }
  return controller.signal;
}

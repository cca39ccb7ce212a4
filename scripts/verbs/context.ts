import { consoleReporter, type Reporter, SILENT } from '../report/steps.ts';
import { Home } from '../stack/home.ts';

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

export function verbContext(options: CommonOptions): VerbContext {
  return {
    home: new Home(),
    reporter: options.json === true ? SILENT : consoleReporter(),
    json: options.json === true,
    signal: interruptSignal(),
  };
}

/** Prints the one document of `--json`. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) return;
      process.stderr.write(`\n${signal}: finishing what is under way, then stopping …\n`);
      controller.abort();
    });
  }
  return controller.signal;
}

/** How a verb tells what it is doing: to stderr, because stdout belongs to the answer. */
export interface Reporter {
  /** Runs one step and shows its name, its progress, its outcome and how long it took. */
  step<T>(name: string, work: (step: Step) => Promise<T>): Promise<T>;
  /** One sentence between steps. */
  note(sentence: string): void;
}

export interface Step {
  /** What it is doing right now. */
  progress(sentence: string): void;
  /** What it found or did, shown when the step ends. */
  outcome(sentence: string): void;
}

/** Nothing is shown: `--json`. */
export const SILENT: Reporter = {
  step: (_name, work) => work({ progress: () => undefined, outcome: () => undefined }),
  note: () => undefined,
};

/** Without a terminal: a line when a step has taken this long, then one as often at the most. */
const QUIET_MS = 2000;
const LINE_EVERY_MS = 5000;

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A reporter for people: one live line per running step on a terminal, plain lines elsewhere. */
export function consoleReporter(output: Output = process.stderr): Reporter {
  const live: LiveLine[] = [];
  return {
    note: (sentence) => void output.write(`${sentence}\n`),
    async step(name, work) {
      const line = output.isTTY === true ? new LiveLine(output, name, live) : new PlainLines(output, name);
      let outcome = '';
      try {
        const result = await work({
          progress: (sentence) => line.show(sentence),
          outcome: (sentence) => {
            outcome = sentence;
          },
        });
        line.end('✓', outcome);
        return result;
      } catch (error) {
        line.end('✗', 'failed');
        throw error;
      }
    },
  };
}

/** `1.2 s`, `75 s` */
export function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

class LiveLine {
  readonly #start = performance.now();
  readonly #timer: NodeJS.Timeout;
  #doing = '';

  /** `running`: steps at the same time share the one live line; the one that began last has it. */
  constructor(
    private readonly output: Output,
    private readonly name: string,
    private readonly running: LiveLine[],
  ) {
    running.push(this);
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), 200);
  }

  /** Drawn with the next turn of the clock: some tell of every chunk that they read. */
  show(sentence: string): void {
    this.#doing = sentence;
  }

  end(mark: string, outcome: string): void {
    clearInterval(this.#timer);
    this.running.splice(this.running.indexOf(this), 1);
    this.output.write(`\r\x1b[K${closing(mark, this.name, outcome, performance.now() - this.#start)}`);
  }

  #draw(): void {
    if (this.running.at(-1) !== this) return;
    const doing = this.#doing === '' ? '' : `: ${this.#doing.split('\n')[0]}`;
    const text = `· ${this.name} (${seconds(performance.now() - this.#start)})${doing}`;
    this.output.write(`\r\x1b[K${text.slice(0, (this.output.columns ?? 100) - 1)}`);
  }
}

class PlainLines {
  readonly #start = performance.now();
  readonly #timer: NodeJS.Timeout;
  #last = 0;
  #doing = '';

  constructor(
    private readonly output: Output,
    private readonly name: string,
  ) {
    this.#timer = setInterval(() => this.#tick(), 250);
    this.#timer.unref();
  }

  show(sentence: string): void {
    this.#doing = sentence;
  }

  end(mark: string, outcome: string): void {
    clearInterval(this.#timer);
    this.output.write(closing(mark, this.name, outcome, performance.now() - this.#start));
  }

  #tick(): void {
    const elapsed = performance.now() - this.#start;
    if (elapsed < QUIET_MS || (this.#last > 0 && elapsed - this.#last < LINE_EVERY_MS)) return;
    this.#last = elapsed;
    const doing = this.#doing === '' ? '' : `: ${this.#doing.split('\n')[0]}`;
    this.output.write(`· ${this.name} (${seconds(elapsed)})${doing}\n`);
  }
}

function closing(mark: string, name: string, outcome: string, ms: number): string {
  return `${mark} ${name}${outcome === '' ? '' : `: ${outcome}`} (${seconds(ms)})\n`;
}

import type { Level, LogRecord } from './record.ts';

/** Of the 256 colours: distinct, and readable on dark and on light. */
const COLOURS = [33, 70, 166, 99, 37, 168, 136, 62, 35, 202, 105, 172, 39, 132];
const LEVEL_STYLES: Readonly<Partial<Record<Level, string>>> = { error: '1;31', warning: '33', debug: '2' };
/** Own clock and the engine's may differ by as much without being told of. Milliseconds. */
const SAME_MS = 1000;

/** Makes a line of text of each record: time, member, program, level, text; events that matter are marked and named. */
export class LineShow {
  readonly #colours: ReadonlyMap<string, number>;
  readonly #width: number;

  /**
   * @param members names of all that can occur, in the plan's order: each keeps its colour whoever else is shown
   * @param coloured a terminal reads it
   */
  constructor(
    members: readonly string[],
    private readonly coloured: boolean,
  ) {
    this.#colours = new Map(members.map((name, index) => [name, COLOURS[index % COLOURS.length]]));
    this.#width = Math.max(...members.map((name) => name.length));
  }

  line(record: LogRecord): string {
    const { stamp, member, program, level, event } = record;
    const text = `${printable(record.text)}${this.#apart(record)}`;
    const marked = event === undefined ? `  ${text}` : `▸ ${this.#paint('1', `${event}:`)} ${text}`;
    const columns = [
      stamp.replace(/^(.{23}).*Z$/, '$1Z'),
      this.#paint(`38;5;${this.#colours.get(member) ?? 244}`, member.padEnd(this.#width)),
      program.padEnd(10),
      this.#paint(LEVEL_STYLES[level], level.padEnd(7)),
    ];
    return `${columns.join(' ')} ${marked}\n`;
  }

  #apart({ stamp, ownTime }: LogRecord): string {
    if (ownTime === undefined) return '';
    const apart = Date.parse(stamp) - ownTime;
    if (Math.abs(apart) <= SAME_MS) return '';
    return this.#paint('2', ` (written at ${new Date(ownTime).toISOString()} by its own clock)`);
  }

  #paint(style: string | undefined, text: string): string {
    return this.coloured && style !== undefined ? `\x1b[${style}m${text}\x1b[0m` : text;
  }
}

/** Text that a terminal only shows: what others wrote into a log must not be able to command it. */
export const printable = (text: string): string =>
  text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );

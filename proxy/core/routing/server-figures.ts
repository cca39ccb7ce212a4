import { commandId } from '../../protocol/command-table.ts';
import { encodeRequest } from '../../protocol/replies.ts';
import type { Loop } from '../base/loop.ts';
import { NOBODY, type Receiver } from '../base/receiver.ts';
import { WholeReplies } from '../base/whole-replies.ts';
import { FIRST_LANE } from '../server/lane.ts';
import type { PoolServer } from '../server/server.ts';

const INFO = commandId('info');
const REQUEST = encodeRequest(['INFO', 'all']);
/** What servers said is good for so long. Milliseconds. */
const FRESH = 1000;
/** Who has not answered by then is silent. Milliseconds. */
const PATIENCE = 500;

/** What a server says of itself: section, in lower case → field → value, in its order. */
export type Sections = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** One server's figures; null when it is not known: it does not answer, or not with figures. */
export interface ServerFigures {
  readonly name: string;
  readonly sections: Sections | null;
}

/**
 * What the servers of a pool say of themselves (INFO), asked when somebody wants to know, at most once a second and never
 * of a server that still owes an answer, however many clients ask.
 */
export class PoolFigures {
  private latest: readonly ServerFigures[] = [];
  private takenAt = Number.NEGATIVE_INFINITY;
  private waiting: (() => void)[] = [];
  private round: Round | null = null;
  /** Servers that have not answered yet, of this round or an earlier one. */
  private readonly owing = new Set<PoolServer>();

  constructor(
    private readonly servers: readonly PoolServer[],
    private readonly loop: Loop,
  ) {}

  /** The figures, unless they are too old; then `ask`. */
  get fresh(): readonly ServerFigures[] | null {
    return this.loop.now() - this.takenAt < FRESH ? this.latest : null;
  }

  /** The figures as they were taken last, however long ago. */
  get last(): readonly ServerFigures[] {
    return this.latest;
  }

  /** `done` is called with fresh figures, within PATIENCE. */
  ask(done: (figures: readonly ServerFigures[]) => void): void {
    this.waiting.push(() => done(this.latest));
    if (this.round !== null) return;
    const round = new Round(
      this.servers.map(({ name }) => name),
      (figures) => this.finish(figures),
    );
    this.round = round;
    for (const [i, server] of this.servers.entries()) {
      if (this.owing.has(server) || server.mustWait || !server.live) continue;
      this.owing.add(server);
      const question = new Question((sections) => {
        this.owing.delete(server);
        round.note(i, sections);
      });
      round.open++;
      // of the master, also where replicas are read from
      server.pick(FIRST_LANE).send(question, 0, INFO, REQUEST, 0, REQUEST.length);
    }
    round.begun();
  }

  private finish(figures: readonly ServerFigures[]): void {
    this.round = null;
    this.latest = figures;
    this.takenAt = this.loop.now();
    for (const done of this.waiting.splice(0)) done();
  }

  close(): void {
    this.waiting = [];
    this.round?.end();
  }
}

/** The servers are asked once; ends when all have answered, or with PATIENCE. */
class Round {
  open = 1;
  private readonly known: (Sections | null)[];
  private timer: NodeJS.Timeout | null = null;
  private ended = false;

  constructor(
    private readonly names: readonly string[],
    private readonly done: (figures: readonly ServerFigures[]) => void,
  ) {
    this.known = names.map(() => null);
  }

  /** Everyone was asked. */
  begun(): void {
    this.open--;
    if (this.open === 0) this.end();
    else if (!this.ended) this.timer = setTimeout(() => this.end(), PATIENCE);
  }

  note(i: number, sections: Sections | null): void {
    if (this.ended) return;
    this.known[i] = sections;
    this.open--;
    if (this.open === 0) this.end();
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.done(this.names.map((name, i) => ({ name, sections: this.known[i] })));
  }
}

/** Waits for one server's INFO. */
class Question extends WholeReplies implements Receiver {
  readonly owner = NOBODY;

  constructor(private readonly answered: (sections: Sections | null) => void) {
    super();
  }

  reply(_tag: number, chunk: Uint8Array, from: number, to: number): void {
    const text = Buffer.from(chunk.subarray(from, to)).toString('latin1');
    this.answered(text.startsWith('$') ? parseSections(text) : null);
  }

  replyInParts(tag: number, parts: Uint8Array[]): void {
    const whole = Buffer.concat(parts);
    this.reply(tag, whole, 0, whole.length);
  }

  arriving(): void {}

  fail(): void {
    this.answered(null);
  }

  abort(): void {
    this.answered(null);
  }
}

function parseSections(text: string): Sections {
  const sections = new Map<string, Map<string, string>>();
  let fields = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const title = /^# (\w+)$/.exec(line);
    const colon = line.indexOf(':');
    if (title !== null) {
      fields = new Map();
      sections.set(title[1].toLowerCase(), fields);
    } else if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return sections;
}

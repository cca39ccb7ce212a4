import assert from 'node:assert/strict';
import { encodeRequest } from '../../proxy/protocol/replies.ts';
import type { Chance } from '../../scripts/chance.ts';
import { decode, type Reply } from './decode.ts';
import { NOTHING_DONE, Reopened } from './soak-errors.ts';

const PUSHERS = 3;
const TAKERS = 9;

/** Jobs are popped by one worker or another. */
const POPPED = 'soak:popped';
/** Jobs are moved, so that none can be lost on its way to a worker. */
const MOVED = '{soak}:moved';
const TAKEN = '{soak}:taken';

/** Two queues under way: every job is given to one worker at most, and none is lost that nobody can have been given. */
export class SoakQueue {
  /** Jobs that workers were given. */
  given = 0;
  private pushed = 0;
  private readonly certain: Record<string, Set<string>> = { [POPPED]: new Set(), [MOVED]: new Set() };
  private readonly possible: Record<string, Set<string>> = { [POPPED]: new Set(), [MOVED]: new Set() };
  private readonly seen = new Set<string>();
  /** Answers to workers that may have been lost on their way, one job each. */
  private doubtful = 0;

  constructor(
    private readonly port: number,
    private readonly chance: Chance,
  ) {}

  /** Pushes and takes until told to stop. @throws Error on a wrong answer */
  async run(stopped: () => boolean): Promise<void> {
    const pushers = Array.from({ length: PUSHERS }, (_, i) => this.push(i % 2 === 0, stopped));
    const takers = Array.from({ length: TAKERS }, (_, i) => this.take(i, stopped));
    await Promise.all([...pushers, ...takers]);
  }

  private async push(inTransactions: boolean, stopped: () => boolean): Promise<void> {
    const connection = new Reopened(this.port);
    while (!stopped()) {
      const queue = this.chance(2) === 0 ? POPPED : MOVED;
      const jobs = Array.from({ length: inTransactions ? 2 : 1 }, () => `job${this.pushed++}`);
      const pushes = jobs.map((job) => encodeRequest(['RPUSH', queue, job]));
      const requests = inTransactions
        ? [encodeRequest(['MULTI']), ...pushes, encodeRequest(['EXEC'])]
        : pushes;
      const result = await connection.do((wire) => wire.ask(Buffer.concat(requests), requests.length));
      const error = 'error' in result ? (result.error ?? '') : undefined;
      if (error !== undefined && NOTHING_DONE.test(error)) continue;
      const set = error === undefined ? this.certain[queue] : this.possible[queue];
      for (const job of jobs) set.add(job);
    }
    connection.close();
  }

  private async take(number: number, stopped: () => boolean): Promise<void> {
    const connection = new Reopened(this.port);
    const moves = number % 3 === 2;
    const words = moves
      ? ['BLMOVE', MOVED, TAKEN, 'LEFT', 'RIGHT', '0.3']
      : [number % 3 === 0 ? 'BLPOP' : 'BRPOP', POPPED, '0.3'];
    while (!stopped()) {
      const result = await connection.do((wire) => wire.ask(encodeRequest(words)));
      if ('value' in result) {
        const job = jobIn(result.value[0]);
        if (job === null) continue;
        this.give(job);
        continue;
      }
      if (!moves && !NOTHING_DONE.test(result.error ?? '')) this.doubtful++;
    }
    connection.close();
  }

  private give(job: string): void {
    assert.ok(!this.seen.has(job), `${job} was given to two workers`);
    this.seen.add(job);
    this.given++;
  }

  /** When all is quiet: looks where every job is. @throws Error when one is lost, or there twice */
  async finish(): Promise<void> {
    const connection = new Reopened(this.port);
    const listed = async (queue: string): Promise<string[]> => {
      const result = await connection.do((wire) => wire.ask(encodeRequest(['LRANGE', queue, '0', '-1'])));
      assert.ok('value' in result, `the queue ${queue} is answered`);
      const reply = replyIn(result.value[0]);
      assert.equal(reply.kind, 'array');
      return reply.kind === 'array' ? reply.items.map(textOf) : [];
    };
    const moved = [...(await listed(MOVED)), ...(await listed(TAKEN))];
    this.once(MOVED, moved);
    const lost = [...this.certain[MOVED]].filter((job) => !moved.includes(job));
    assert.deepEqual(lost, [], 'what was moved is somewhere');

    const left = await listed(POPPED);
    const isOfPopped = (job: string): boolean =>
      this.certain[POPPED].has(job) || this.possible[POPPED].has(job);
    const popped = [...left, ...[...this.seen].filter(isOfPopped)];
    this.once(POPPED, popped);
    const gone = [...this.certain[POPPED]].filter((job) => !popped.includes(job));
    assert.ok(
      gone.length <= this.doubtful,
      `${gone.length} jobs are gone (${gone.slice(0, 5).join(', ')}), but only ${this.doubtful} answers may have been lost`,
    );
    connection.close();
  }

  private once(queue: string, jobs: readonly string[]): void {
    assert.equal(new Set(jobs).size, jobs.length, `no job of ${queue} is there twice`);
    const strange = jobs.find((job) => !this.certain[queue].has(job) && !this.possible[queue].has(job));
    assert.equal(strange, undefined, `what nobody has pushed to ${queue}`);
  }
}

function replyIn(bytes: Buffer): Reply {
  const decoded = decode(bytes, 0);
  assert.ok(typeof decoded !== 'number', 'a whole reply');
  return decoded.reply;
}

const textOf = (reply: Reply): string => (reply.kind === 'bulk' ? String(reply.bytes) : reply.kind);

/** What a worker was given; null = its time was over. */
function jobIn(bytes: Buffer): string | null {
  const reply = replyIn(bytes);
  if (reply.kind === 'array' && reply.items.length === 2) return textOf(reply.items[1]);
  if (reply.kind === 'bulk' && reply.bytes !== null) return textOf(reply);
  const isNil = reply.kind === 'bulk' || (reply.kind === 'array' && reply.items.length === 0);
  assert.ok(isNil, `a job, or nothing: ${bytes.toString('latin1', 0, 80)}`);
  return null;
}

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeRequest } from '../../proxy/protocol/replies.ts';
import type { Chance } from '../../scripts/chance.ts';
import { decode } from './decode.ts';
import { Reopened } from './soak-errors.ts';

const CHANNELS = Array.from({ length: 6 }, (_, i) => `soak:channel${i * 7919}`);
const PATTERN = 'soak:channel*';
const PUBLISHERS = 3;
const LISTENERS = 10;
/** All that listen hear what is published so long after the last trouble. */
const PATIENCE_MS = 20_000;

/** Clients that listen, to names or to a pattern: what they hear was said, and no more than once; in the end all hear all. */
export class SoakListeners {
  /** Messages that were heard. */
  heard = 0;
  private said = 0;
  private isOver = false;
  private readonly last = new Map<string, Set<number>>();

  constructor(
    private readonly port: number,
    private readonly chance: Chance,
  ) {}

  /** Publishes and listens until told to stop, then until all have heard a last word. @throws Error on a wrong answer */
  async run(stopped: () => boolean, isQuiet: Promise<unknown>): Promise<void> {
    const listeners = Array.from({ length: LISTENERS }, (_, i) => this.listen(i));
    const over = Promise.all(listeners);
    try {
      await Promise.race([over, this.talk(stopped, isQuiet)]);
    } finally {
      this.isOver = true;
      for (const close of this.closing.splice(0)) close();
    }
    await over;
  }

  private readonly closing: (() => void)[] = [];

  private async talk(stopped: () => boolean, isQuiet: Promise<unknown>): Promise<void> {
    await Promise.all(Array.from({ length: PUBLISHERS }, () => this.publish(stopped)));
    await isQuiet;
    await this.lastWords();
  }

  private async publish(stopped: () => boolean): Promise<void> {
    const connection = new Reopened(this.port);
    while (!stopped()) {
      const channel = CHANNELS[this.chance(CHANNELS.length)];
      const count = await this.say(connection, channel, `${this.said++}@${channel}`);
      assert.ok(count === null || count <= LISTENERS, `${count} have heard`);
      await sleep(this.chance(4));
    }
    connection.close();
  }

  /** @returns how many heard it, as PUBLISH says; null = nobody knows */
  private async say(connection: Reopened, channel: string, text: string): Promise<number | null> {
    const result = await connection.do((wire) => wire.ask(encodeRequest(['PUBLISH', channel, text])));
    return 'error' in result ? null : Number(result.value[0].toString('latin1', 1));
  }

  /** The even ones listen to all channels by their names, the others to a pattern. */
  private async listen(number: number): Promise<void> {
    const byName = number % 2 === 0;
    const words = byName ? ['SUBSCRIBE', ...CHANNELS] : ['PSUBSCRIBE', PATTERN];
    const seen = new Set<string>();
    // confirmed as a whole, or refused: the first reply says which
    const connection = new Reopened(this.port, (wire) => wire.ask(encodeRequest(words)));
    this.closing.push(() => connection.close());
    while (!this.isOver) {
      const result = await connection.do((wire) => wire.next());
      if ('value' in result) this.hear(number, seen, result.value[0]);
    }
  }

  private hear(number: number, seen: Set<string>, bytes: Buffer): void {
    const decoded = decode(bytes, 0);
    assert.ok(typeof decoded !== 'number' && decoded.reply.kind === 'array', 'a message');
    const words = decoded.reply.items.map((item) => (item.kind === 'bulk' ? String(item.bytes) : item.kind));
    if (words[0] === 'subscribe') return;
    const [channel, text] = words.slice(-2);
    assert.equal(words[0], number % 2 === 0 ? 'message' : 'pmessage');
    const [what, where] = text.split('@');
    assert.equal(where, channel, 'what was said in this channel');
    if (what === 'last') {
      this.last.get(channel)?.add(number);
      return;
    }
    assert.ok(Number(what) < this.said, 'what was said at all');
    assert.ok(!seen.has(what), `${text} is heard once`);
    seen.add(what);
    this.heard++;
  }

  private async lastWords(): Promise<void> {
    const connection = new Reopened(this.port);
    const until = Date.now() + PATIENCE_MS;
    for (const channel of CHANNELS) {
      const heard = new Set<number>();
      this.last.set(channel, heard);
      let count: number | null = null;
      while (count !== LISTENERS) {
        assert.ok(Date.now() < until, `${count} of ${LISTENERS} listen to ${channel}`);
        count = await this.say(connection, channel, `last@${channel}`);
        await sleep(10);
      }
      while (heard.size < LISTENERS) {
        assert.ok(Date.now() < until, `${heard.size} of ${LISTENERS} have heard the last of ${channel}`);
        await sleep(5);
      }
    }
    connection.close();
  }
}

import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { EndWatch, WatchOptions } from './options.ts';
import { fromWallClock, type Timeline } from './timeline.ts';

const AGAIN_MS = 100;

/** What a log line says that belongs on the timeline; `at` in Unix ms where the line itself tells. */
export interface LogNews {
  readonly event: string;
  readonly text: string;
  readonly at?: number;
}

/** A line of an edge's log: keepalived's changes of state, and what the supervisor does. */
export function edgeNews(line: string): LogNews | undefined {
  const [, kind, at, text] = /^twemstack-(vrrp|edge) (\d+) (.*)$/.exec(line) ?? [];
  return kind === undefined ? undefined : { event: kind, text, at: Number(at) };
}

/** A line of a proxy's log: that it goes by a new file now, or what it decided about a shard. */
export function proxyNews(line: string): LogNews | undefined {
  const [, text] = /^\[[^\]]+\] ('[^']+'.*)$/.exec(line) ?? [];
  if (text === undefined) return undefined;
  return { event: text.endsWith(' is in force') ? 'reload' : 'decision', text };
}

/** Follows the logs of the edges and the proxies, over restarts of their containers. */
export async function watchLogs(options: WatchOptions): Promise<EndWatch> {
  const { plan } = options;
  const follow = [
    ...plan.edges.map(({ name }) => new LogFollower(options, name, edgeNews)),
    ...plan.proxies.map(({ name }) => new LogFollower(options, name, proxyNews)),
  ];
  return () => {
    for (const follower of follow) follower.end();
  };
}

class LogFollower {
  readonly #options: WatchOptions;
  readonly #name: string;
  readonly #read: (line: string) => LogNews | undefined;
  readonly #timeline: Timeline;
  /** When the last line seen was written, as the engine says it (nanoseconds, so they sort as text). */
  #last = new Date().toISOString();
  #stream: Readable | undefined;
  #ended = false;

  constructor(options: WatchOptions, name: string, read: (line: string) => LogNews | undefined) {
    this.#options = options;
    this.#name = name;
    this.#read = read;
    this.#timeline = options.timeline;
    void this.#run();
  }

  end(): void {
    this.#ended = true;
    this.#stream?.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      try {
        await this.#follow();
      } catch {
        // The container is gone, or the engine hung up: try again until the run ends.
      }
      await delay(AGAIN_MS);
    }
  }

  async #follow(): Promise<void> {
    const { engine } = this.#options;
    const resume = this.#last;
    const since = (Date.parse(resume) / 1000).toFixed(3);
    const options = { follow: true, stdout: true, stderr: true, timestamps: true, since } as const;
    // The engine takes fractions of a second; the types know whole ones only.
    const stream = (await engine
      .getContainer(this.#name)
      .logs(options as unknown as { follow: true })) as Readable;
    this.#stream = stream;
    if (this.#ended) stream.destroy();
    const out = new PassThrough();
    engine.modem.demuxStream(stream, out, out);
    let rest = '';
    out.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#line(line, resume);
    });
    await new Promise<void>((resolve) => {
      stream.on('end', resolve);
      stream.on('close', resolve);
      stream.on('error', () => resolve());
    });
  }

  /** `<RFC 3339 time> <text>`; `resume` is the time of the last line that was seen before this stream began. */
  #line(line: string, resume: string): void {
    const blank = line.indexOf(' ');
    const stamp = line.slice(0, blank);
    const written = Date.parse(stamp);
    if (Number.isNaN(written) || stamp <= resume) return;
    if (stamp > this.#last) this.#last = stamp;
    const news = this.#read(line.slice(blank + 1));
    if (news !== undefined)
      this.#timeline.note(this.#name, news.event, news.text, fromWallClock(news.at ?? written));
  }
}

import { Redis } from 'ioredis';
import type { Credentials, Plan, RedisMember } from '../../topology/types.ts';

/** One thing that happened, on the run's monotonic clock (ms). */
export interface TimelineEvent {
  readonly at: number;
  /** Member that reported it. */
  readonly source: string;
  readonly event: string;
  readonly text: string;
}

const ROLE_EVERY_MS = 50;

/** Collects what the sentinels announce and what role every redis says it has, on one clock. */
export class Timeline {
  readonly events: TimelineEvent[] = [];
  readonly #clients: Redis[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #roles = new Map<string, string>();

  static async start(plan: Plan, credentials: Credentials): Promise<Timeline> {
    const timeline = new Timeline();
    await Promise.all(plan.sentinels.map((sentinel) => timeline.#subscribe(sentinel, credentials)));
    for (const shard of plan.shards)
      for (const member of shard.members) timeline.#pollRole(member, credentials);
    return timeline;
  }

  note(source: string, event: string, text = ''): void {
    this.events.push({ at: performance.now(), source, event, text });
  }

  /** First event of a kind at or after a moment. */
  first(after: number, match: (event: TimelineEvent) => boolean): TimelineEvent | undefined {
    return this.events.find((event) => event.at >= after && match(event));
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const client of this.#clients) client.disconnect();
  }

  async #subscribe(sentinel: Plan['sentinels'][number], credentials: Credentials): Promise<void> {
    const client = this.#client(sentinel.address, sentinel.port, credentials.operator);
    client.on('pmessage', (_pattern: string, channel: string, text: string) =>
      this.note(sentinel.name, channel, text),
    );
    await client.psubscribe('+*', '-*');
  }

  #pollRole(member: RedisMember, credentials: Credentials): void {
    const client = this.#client(member.address, member.port, credentials.operator);
    let asking = false;
    const timer = setInterval(async () => {
      if (asking || client.status !== 'ready') return;
      asking = true;
      try {
        const [role] = (await client.role()) as [string];
        if (this.#roles.get(member.name) !== role) this.note(member.name, 'role', role);
        this.#roles.set(member.name, role);
      } catch {
        this.#roles.delete(member.name);
      } finally {
        asking = false;
      }
    }, ROLE_EVERY_MS);
    this.#timers.push(timer);
  }

  #client(host: string, port: number, password: string): Redis {
    const client = new Redis({
      host,
      port,
      username: 'operator',
      password,
      connectTimeout: 1000,
      maxRetriesPerRequest: null,
      retryStrategy: () => 100,
      enableReadyCheck: false,
      protocol: 2,
      disableClientInfo: true,
      autoResubscribe: true,
    });
    // Members die in a drill: the reconnects are expected, and the roles say what happened.
    client.on('error', () => undefined);
    this.#clients.push(client);
    return client;
  }
}

import type Docker from 'dockerode';
import { GuardLink } from '../../sentinel/guard/link/client.ts';
import type { Question } from '../../sentinel/guard/messages.ts';
import type { Credentials, RedisMember } from '../../topology/types.ts';
import { ContainerWatch } from './container-watch.ts';
import { type ContainerState, listContainers } from './engine.ts';
import { askGuard, GUARD_NAME } from './guard-call.ts';
import { KeptConnections, type WithRedis, withRedis } from './redis-call.ts';

/** How a look at a stack reaches whom it asks. */
export interface Lines {
  /** What the one engine of the stack has of it, by name. */
  containers(): Promise<ReadonlyMap<string, ContainerState>>;
  readonly withRedis: WithRedis;
  /** @throws Error when the guard does not answer */
  askGuard<T>(
    member: RedisMember,
    credentials: Credentials,
    question: Question,
    patienceMs: number,
  ): Promise<T>;
}

/** For one look: everything anew. */
export const linesOnce = (engine: Docker, stack: string): Lines => ({
  containers: () => listContainers(engine, stack),
  withRedis,
  askGuard,
});

/**
 * For whoever looks again and again: connections stay, and the engine tells what has changed. A connection, with its password or
 * handshake, costs a member more than what it is asked.
 */
export class KeptLines implements Lines {
  readonly #watch: ContainerWatch;
  readonly #connections = new KeptConnections();
  readonly #guards = new Map<string, GuardLink>();
  readonly withRedis: WithRedis = (...call) => this.#connections.with(...call);

  /** @param onChange a container has changed: another look would see something new */
  constructor(engine: Docker, stack: string, onChange?: () => void) {
    this.#watch = new ContainerWatch(engine, stack, onChange);
  }

  containers(): Promise<ReadonlyMap<string, ContainerState>> {
    return this.#watch.look();
  }

  async askGuard<T>(
    member: RedisMember,
    credentials: Credentials,
    question: Question,
    patienceMs: number,
  ): Promise<T> {
    const link =
      this.#guards.get(member.name) ?? new GuardLink(member, { name: GUARD_NAME }, () => [credentials.guard]);
    this.#guards.set(member.name, link);
    return (await link.ask(question, patienceMs)) as T;
  }

  end(): void {
    this.#watch.end();
    this.#connections.end();
    for (const link of this.#guards.values()) link.close();
  }
}

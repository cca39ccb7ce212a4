import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { OWNER_LABEL } from '../../stacks/owner-label.ts';
import { type ContainerState, inspectContainer, listContainers } from './engine.ts';

/** At the latest after so long every container is looked at again, whatever the engine has told. Milliseconds. */
const WHOLE_MS = 30_000;
/**
 * What changes something of `ContainerState` (Docker API, "Monitor events"). Without a choice the engine tells of every command
 * that runs in a container, and health checks are that, some a second.
 */
const EVENTS: Docker.GetEventsOptions['filters'] = {
  type: ['container', 'network'],
  event: [
    'create',
    'start',
    'die',
    'oom',
    'pause',
    'unpause',
    'rename',
    'update',
    'destroy',
    'health_status',
    'connect',
    'disconnect',
  ],
};

interface EngineEvent {
  readonly Type?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}

/**
 * The containers of a stack on one engine, for whoever looks again and again: the engine tells what has changed, and is asked of that alone.
 * A look at each of them costs it some tenths of a millisecond a container.
 */
export class ContainerWatch {
  readonly #states = new Map<string, ContainerState>();
  readonly #changed = new Set<string>();
  #events: Readable | undefined;
  #wholeAt = Number.NEGATIVE_INFINITY;

  /** @param onChange something has changed, which the next look has */
  constructor(
    private readonly engine: Docker,
    private readonly stack: string,
    private readonly onChange: () => void = () => undefined,
  ) {}

  /** All containers of the stack, by name, as of now. @throws Error when the engine does not answer */
  async look(): Promise<ReadonlyMap<string, ContainerState>> {
    const listens = this.#events !== undefined;
    if (!listens || performance.now() - this.#wholeAt > WHOLE_MS) await this.#lookAtAll(listens);
    else await this.#lookAtChanged();
    return new Map([...this.#states.values()].map((state) => [state.name, state]));
  }

  end(): void {
    this.#events?.destroy();
    this.#events = undefined;
  }

  async #lookAtAll(listens: boolean): Promise<void> {
    // First this, so that nothing happens in between.
    if (!listens) await this.#listen();
    this.#changed.clear();
    const states = await listContainers(this.engine, this.stack);
    this.#states.clear();
    for (const state of states.values()) this.#states.set(state.id, state);
    this.#wholeAt = performance.now();
  }

  async #lookAtChanged(): Promise<void> {
    const ids = [...this.#changed];
    this.#changed.clear();
    try {
      await Promise.all(
        ids.map(async (id) => {
          const state = await inspectContainer(this.engine, id);
          if (state === undefined) this.#states.delete(id);
          else this.#states.set(id, state);
        }),
      );
    } catch (error) {
      this.#wholeAt = Number.NEGATIVE_INFINITY;
      throw error;
    }
  }

  async #listen(): Promise<void> {
    const events = (await this.engine.getEvents({ filters: EVENTS })) as unknown as Readable;
    this.#events = events;
    const over = (): void => {
      if (this.#events === events) this.#events = undefined;
    };
    // The next look asks anew, and says what is the matter.
    events.on('error', over).on('close', over);
    const lines = createInterface({ input: events });
    lines.on('line', (line) => this.#note(line));
  }

  #note(line: string): void {
    const { Type, Actor } = eventOf(line);
    const id = Type === 'network' ? Actor?.Attributes?.container : Actor?.ID;
    const isOwn = Actor?.Attributes?.[OWNER_LABEL] === this.stack || this.#states.has(id ?? '');
    if (id === undefined || !isOwn) return;
    this.#changed.add(id);
    this.onChange();
  }
}

/** A line that breaks off says nothing; then the stream has ended, too, and everything is looked at anew. */
function eventOf(line: string): EngineEvent {
  try {
    return JSON.parse(line) as EngineEvent;
  } catch {
    return {};
  }
}

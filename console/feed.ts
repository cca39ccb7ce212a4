import type { ActionLine, ConsoleState, Sample } from './document.ts';

/** What a page that looks is told, as it happens. */
export type Message =
  | { readonly kind: 'state'; readonly body: ConsoleState }
  | { readonly kind: 'sample'; readonly body: Sample }
  | { readonly kind: 'action'; readonly body: ActionLine };

export type Listener = (message: Message) => void;

/** Where a page gets its news from: a stack that is watched, or in tests one that was recorded. */
export interface Feed {
  /** Tells the listener first what is known already. @returns the way to end it */
  subscribe(listener: Listener): () => void;
}

/** Five minutes of samples, which come every other second, are what a page sees when it is opened. */
const KEPT_SAMPLES = 150;

/** The newest of everything, and those who want to hear of it. */
export class Board implements Feed {
  readonly #listeners = new Set<Listener>();
  #state: ConsoleState | undefined;
  #samples: Sample[] = [];

  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  subscribe(listener: Listener): () => void {
    if (this.#state !== undefined) listener({ kind: 'state', body: this.#state });
    for (const body of this.#samples) listener({ kind: 'sample', body });
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(message: Message): void {
    if (message.kind === 'state') this.#state = message.body;
    if (message.kind === 'sample') this.#samples = [...this.#samples, message.body].slice(-KEPT_SAMPLES);
    for (const listener of this.#listeners) listener(message);
  }
}

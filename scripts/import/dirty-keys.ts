/** What is kept at most, until all are looked at anew instead: some hundred megabytes. */
const MOST_KEYS = 1_000_000;
const MOST_BYTES = 128 * 1024 * 1024;

/** A key in its database; the name as text, a letter a byte. */
export interface NamedKey {
  readonly database: number;
  readonly name: string;
}

/**
 * Keys of a source that changed and are to be copied (again). A set: a key that changes a thousand times meanwhile is copied once.
 * When there are too many of them it forgets them and says so: then all keys of the source have to be copied again.
 */
export class DirtyKeys {
  readonly #databases = new Map<number, Set<string>>();
  #size = 0;
  #bytes = 0;
  #hasForgotten = false;

  constructor(
    private readonly mostKeys = MOST_KEYS,
    private readonly mostBytes = MOST_BYTES,
  ) {}

  get size(): number {
    return this.#size;
  }

  add(database: number, name: string): void {
    let names = this.#databases.get(database);
    if (names === undefined) {
      names = new Set();
      this.#databases.set(database, names);
    }
    if (names.has(name)) return;
    names.add(name);
    this.#size++;
    this.#bytes += name.length;
    if (this.#size <= this.mostKeys && this.#bytes <= this.mostBytes) return;
    this.#clear();
    this.#hasForgotten = true;
  }

  /** Takes up to so many out, of one database. */
  take(most: number): NamedKey[] {
    for (const [database, names] of this.#databases) {
      const taken: NamedKey[] = [];
      for (const name of names) {
        if (taken.length === most) break;
        taken.push({ database, name });
        names.delete(name);
        this.#bytes -= name.length;
      }
      this.#size -= taken.length;
      if (names.size === 0) this.#databases.delete(database);
      if (taken.length > 0) return taken;
    }
    return [];
  }

  #clear(): void {
    this.#databases.clear();
    this.#size = 0;
    this.#bytes = 0;
  }

  /** Whether it had to forget. */
  get hasForgotten(): boolean {
    return this.#hasForgotten;
  }

  /** Begins anew: whoever calls this looks at all keys again. */
  reset(): void {
    this.#clear();
    this.#hasForgotten = false;
  }
}

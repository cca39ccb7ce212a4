import assert from 'node:assert/strict';

/** A value that was written: its bytes follow from key, id and size. */
export interface Value {
  readonly id: number;
  readonly size: number;
}

/** The bytes of a value: they say whose they are, and look like protocol. */
export function valueBytes(key: string, { id, size }: Value): Buffer {
  return Buffer.alloc(size, `${id}@${key}\r\n$5\r\n*3\r\n-`);
}

/**
 * Which values may come back although a later one was seen: `none`; those whose write got no answer, which a server
 * that hung may carry out late; or `all`, where a key is served by another server for a while.
 */
export type Revenants = 'none' | 'unanswered' | 'all';

type Content = Value | null;

/** What each key may hold, null = nothing; more than one value after a write whose outcome is not known. */
export class KnownValues {
  private readonly now = new Map<string, Content[]>();
  private readonly again = new Map<string, Content[]>();

  constructor(private readonly revenants: Revenants) {}

  keys(): string[] {
    return [...this.now.keys()];
  }

  isNow(key: string, content: Content): void {
    this.now.set(key, [content]);
    if (this.revenants === 'all') this.mayReturn(key, content);
  }

  mayBe(key: string, content: Content): void {
    this.now.set(key, [...(this.now.get(key) ?? [null]), content]);
    if (this.revenants !== 'none') this.mayReturn(key, content);
  }

  private mayReturn(key: string, content: Content): void {
    const list = this.again.get(key) ?? [null];
    if (!list.includes(content)) list.push(content);
    this.again.set(key, list);
  }

  /** The key was read. @throws AssertionError when it cannot hold this */
  see(key: string, bytes: Buffer | null): void {
    const fits = (content: Content): boolean => {
      if (content === null || bytes === null) return content === bytes;
      return content.size === bytes.length && valueBytes(key, content).equals(bytes);
    };
    const found = this.possible(key).find(fits);
    assert.ok(found !== undefined, `${key} cannot hold this`);
    this.isNow(key, found);
  }

  /** How many of the keys exist, at least and at most; a key given twice counts twice. */
  count(keys: readonly string[]): [least: number, most: number] {
    const certain = keys.filter((key) => !this.possible(key).includes(null));
    const possible = keys.filter((key) => this.possible(key).some((content) => content !== null));
    return [certain.length, possible.length];
  }

  private possible(key: string): Content[] {
    return [...(this.now.get(key) ?? [null]), ...(this.again.get(key) ?? [])];
  }
}

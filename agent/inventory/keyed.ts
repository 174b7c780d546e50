/** A map of plain-data items under their own keys; each change tells whether anything really changed. */
export class Keyed<T> {
  readonly #keyOf: (item: T) => string;
  readonly #items = new Map<string, { readonly item: T; readonly text: string }>();

  constructor(keyOf: (item: T) => string) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#items.size;
  }

  get(key: string): T | null {
    return this.#items.get(key)?.item ?? null;
  }

  /** All items, by key. */
  list(): T[] {
    return [...this.#items.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { item }]) => item);
  }

  /** Puts an item in; false when an equal one was there. */
  apply(item: T): boolean {
    const key = this.#keyOf(item);
    const text = JSON.stringify(item);
    if (this.#items.get(key)?.text === text) return false;
    this.#items.set(key, { item, text });
    return true;
  }

  /** Takes an item out; false when there was none. */
  delete(key: string): boolean {
    return this.#items.delete(key);
  }

  /** Makes these items the whole content; false when it was already. */
  reset(items: readonly T[]): boolean {
    const kept = new Set(items.map((item) => this.#keyOf(item)));
    let changed = false;
    for (const key of [...this.#items.keys()]) if (!kept.has(key)) changed = this.delete(key) || changed;
    for (const item of items) changed = this.apply(item) || changed;
    return changed;
  }
}

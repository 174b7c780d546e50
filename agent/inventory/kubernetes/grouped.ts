/** Keys in groups; a group without a key is forgotten. */
export class GroupedKeys {
  readonly #groups = new Map<string, Set<string>>();

  of(group: string): ReadonlySet<string> {
    return this.#groups.get(group) ?? NONE;
  }

  add(group: string, key: string): void {
    const keys = this.#groups.get(group);
    if (keys) keys.add(key);
    else this.#groups.set(group, new Set([key]));
  }

  delete(group: string, key: string): void {
    const keys = this.#groups.get(group);
    keys?.delete(key);
    if (keys?.size === 0) this.#groups.delete(group);
  }
}

const NONE: ReadonlySet<string> = new Set();

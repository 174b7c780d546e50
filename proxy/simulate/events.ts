/** Events in the order of their time, those of one time in the order in which they were put. Pure. */

interface Event {
  readonly atUs: number;
  readonly order: number;
  readonly happen: (nowUs: number) => void;
}

export class Events {
  private readonly heap: Event[] = [];
  private puts = 0;

  at(atUs: number, happen: (nowUs: number) => void): void {
    this.heap.push({ atUs, order: this.puts++, happen });
    let at = this.heap.length - 1;
    for (let parent = (at - 1) >> 1; at > 0 && this.swap(at, parent); parent = (at - 1) >> 1) at = parent;
  }

  /** Lets everything happen, also what is put meanwhile. */
  run(): void {
    for (let next = this.take(); next !== null; next = this.take()) next.happen(next.atUs);
  }

  private take(): Event | null {
    const [first] = this.heap;
    const last = this.heap.pop();
    if (first === undefined || last === undefined) return null;
    if (this.heap.length > 0) {
      this.heap[0] = last;
      this.sink();
    }
    return first;
  }

  private sink(): void {
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const child = this.before(left + 1, left) ? left + 1 : left;
      if (child >= this.heap.length || !this.swap(child, at)) return;
      at = child;
    }
  }

  /** Exchanges them when the first belongs before the second. */
  private swap(at: number, other: number): boolean {
    const [a, b] = [this.heap[at], this.heap[other]];
    if (a === undefined || b === undefined || !this.before(at, other)) return false;
    this.heap[at] = b;
    this.heap[other] = a;
    return true;
  }

  private before(at: number, other: number): boolean {
    const [a, b] = [this.heap[at], this.heap[other]];
    return a !== undefined && b !== undefined && (a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order));
  }
}

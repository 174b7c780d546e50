/** Long work in small steps, so that whoever runs it can do something else in between. */

/** Work that gives way at each `yield`. */
export type Steps<T> = Generator<void, T, void>;

/** Rows handled from one step to the next: some tenths of a millisecond. */
export const ROWS_PER_STEP = 500;

/** All steps at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Calls `visit` for each item. */
export function* each<T>(items: Iterable<T>, visit: (item: T) => void): Steps<void> {
  let left = ROWS_PER_STEP;
  for (const item of items) {
    visit(item);
    if (--left > 0) continue;
    left = ROWS_PER_STEP;
    yield;
  }
}

/** Sorted like `toSorted`; equal items keep their order. */
export function* sorted<T>(items: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += ROWS_PER_STEP) {
    runs.push(items.slice(at, at + ROWS_PER_STEP).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const longer: T[][] = [];
    for (let at = 0; at < runs.length; at += 2) longer.push(yield* joined(runs[at] ?? [], runs[at + 1] ?? [], compare));
    runs = longer;
  }
  return runs[0] ?? [];
}

function* joined<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  const all: T[] = [];
  let [atA, atB] = [0, 0];
  while (atA < a.length || atB < b.length) {
    const [first, second] = [a[atA], b[atB]];
    const takesA = atB >= b.length || (atA < a.length && compare(first as T, second as T) <= 0);
    all.push((takesA ? first : second) as T);
    if (takesA) atA += 1;
    else atB += 1;
    if (all.length % ROWS_PER_STEP === 0) yield;
  }
  return all;
}

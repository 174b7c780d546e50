/** Works through a long text without holding up the event loop: after each slice of time everything else gets its turn. */

/** Longest slice; a turn of the event loop stays far below 10 ms with it. */
export const SLICE_MS_MAX = 2;

/**
 * The pieces of a slice as one text, slice after slice. `nowMs` is monotonic; `rest` lets the event loop turn once.
 */
export async function* inSlices(pieces: Iterable<string>, nowMs: () => number, rest: () => Promise<void>): AsyncGenerator<string, void, undefined> {
  let slice = '';
  let endMs = nowMs() + SLICE_MS_MAX;
  for (const piece of pieces) {
    slice += piece;
    if (nowMs() < endMs) continue;
    if (slice !== '') yield slice;
    slice = '';
    await rest();
    endMs = nowMs() + SLICE_MS_MAX;
  }
  if (slice !== '') yield slice;
}

/** A turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

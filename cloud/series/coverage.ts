/** Which time the stored numbers cover: late pieces of a window count once. Pure. */
export interface Coverage {
  /** `seconds` of the piece are covered; of a window all. */
  add(startMs: number, lengthMs: number, seconds?: number): void;
  /** Seconds covered by pieces that begin in the span. */
  seconds(fromMs?: number, toMs?: number): number;
  /** Seconds covered by pieces that begin in each of `count` steps. */
  bySteps(fromMs: number, stepMs: number, count: number): number[];
  /** Covered pieces, oldest first: begin, length, covered seconds. */
  pieces(): readonly (readonly [number, number, number])[];
}

export function createCoverage(): Coverage {
  const lengths = new Map<number, number>();
  const covered = new Map<number, number>();
  const seconds = (fromMs: number, toMs: number): number => {
    let sum = 0;
    for (const [startMs, part] of covered) if (startMs >= fromMs && startMs < toMs) sum += part;
    return sum;
  };
  return {
    add: (startMs, lengthMs, part = lengthMs / 1000) => {
      lengths.set(startMs, Math.max(lengthMs, lengths.get(startMs) ?? 0));
      covered.set(startMs, Math.max(part, covered.get(startMs) ?? 0));
    },
    seconds: (fromMs = -Infinity, toMs = Infinity) => seconds(fromMs, toMs),
    bySteps: (fromMs, stepMs, count) => {
      const steps = new Array<number>(count).fill(0);
      for (const [startMs, part] of covered) {
        const at = Math.floor((startMs - fromMs) / stepMs);
        if (at >= 0 && at < count) steps[at] = (steps[at] ?? 0) + part;
      }
      return steps;
    },
    pieces: () => [...covered].sort(([a], [b]) => a - b).map(([startMs, part]) => [startMs, lengths.get(startMs) ?? 0, part] as const),
  };
}

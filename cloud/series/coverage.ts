/** Which time the stored windows cover: late pieces of a window count once. Pure. */
export interface Coverage {
  add(startMs: number, lengthMs: number): void;
  /** Seconds covered by windows that begin in the span. */
  seconds(fromMs?: number, toMs?: number): number;
  covers(fromMs: number, toMs: number): boolean;
}

export function createCoverage(): Coverage {
  const windows = new Map<number, number>();
  return {
    add: (startMs, lengthMs) => { windows.set(startMs, Math.max(lengthMs, windows.get(startMs) ?? 0)); },
    seconds: (fromMs = -Infinity, toMs = Infinity) => {
      let ms = 0;
      for (const [startMs, lengthMs] of windows) if (startMs >= fromMs && startMs < toMs) ms += lengthMs;
      return ms / 1000;
    },
    covers: (fromMs, toMs) => {
      for (const startMs of windows.keys()) if (startMs >= fromMs && startMs < toMs) return true;
      return false;
    },
  };
}

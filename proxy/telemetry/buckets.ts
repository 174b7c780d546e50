/** A histogram with fixed upper bounds, as Prometheus has them; values in µs. For `/metrics` only: windows have their own. */

/** Upper bounds in µs and how each is written as `le`. */
export interface Bounds {
  readonly us: readonly number[];
  readonly text: readonly string[];
  /** What the sum is divided by: 1,000 for families in ms, 1,000,000 for those in seconds. */
  readonly unitUs: number;
}

/** linkerd2-proxy writes whole ms without a point. */
export function boundsMs(bounds: readonly number[]): Bounds {
  return { us: bounds.map((ms) => ms * 1_000), text: [...bounds.map(String), '+Inf'], unitUs: 1_000 };
}

/** And whole seconds with one: `1.0`. */
export function boundsSeconds(bounds: readonly number[]): Bounds {
  const text = bounds.map((seconds) => (Number.isInteger(seconds) ? seconds.toFixed(1) : String(seconds)));
  return { us: bounds.map((seconds) => seconds * 1_000_000), text: [...text, '+Inf'], unitUs: 1_000_000 };
}

export class BucketCounts {
  readonly bounds: Bounds;
  /** Not cumulative; the last is +Inf. */
  readonly counts: Float64Array;
  sumUs = 0;

  constructor(bounds: Bounds) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.us.length + 1);
  }

  observe(us: number): void {
    const { us: bounds } = this.bounds;
    let bucket = 0;
    while (us > (bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sumUs += us;
  }

  get empty(): boolean {
    return this.counts.every((count) => count === 0);
  }
}

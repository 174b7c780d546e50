/** Figures of a bench: quantiles of samples, a table for people, JSON for programs. Pure. */

export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** What was measured, by the name of its column. */
  readonly values: Readonly<Record<string, number>>;
  /** The bar that a column is held to. */
  readonly bar?: { readonly column: string; readonly limit: number; readonly sense: 'at most' | 'at least' };
}

/** The q-quantile of samples by nearest rank; NaN without any. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** Null without a bar. */
export function holds({ values, bar }: Figure): boolean | null {
  if (!bar) return null;
  const value = values[bar.column] ?? Number.NaN;
  return bar.sense === 'at most' ? value <= bar.limit : value >= bar.limit;
}

export function table(figures: readonly Figure[]): string {
  const width = figures.reduce((longest, figure) => Math.max(longest, figure.name.length), 0);
  return figures.map((figure) => {
    const values = Object.entries(figure.values).map(([name, value]) => `${name} ${shown(value)}`).join('  ');
    const verdict = holds(figure);
    const bar = figure.bar ? `  bar: ${figure.bar.column} ${figure.bar.sense} ${figure.bar.limit} ${verdict ? 'ok' : 'MISSED'}` : '';
    return `${figure.name.padEnd(width)}  ${values} ${figure.unit}${bar}`;
  }).join('\n');
}

function shown(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}

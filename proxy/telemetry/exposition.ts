/** How samples are written in Prometheus' text format 0.0.4. Pure. */
import type { BucketCounts } from './buckets.ts';

/** Label names with their values, in the order in which they are written. */
export type Labels = readonly (readonly [name: string, value: string | number])[];

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** The labels as they stand between the braces; empty for none. */
export function labelText(labels: Labels): string {
  return labels.map(([label, of]) => `${label}="${escape(String(of))}"`).join(',');
}

/** One sample. */
export function sample(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${value}\n` : `${name}{${labels}} ${value}\n`;
}

/** One sample of labels that nobody keeps. */
export function line(name: string, labels: Labels, value: number): string {
  return sample(name, labelText(labels), value);
}

/** A histogram's samples: buckets, sum, count. Sums of ms are whole, as linkerd2-proxy's. */
export function histogram(name: string, labels: string, counts: BucketCounts): string {
  const { bounds } = counts;
  const before = labels === '' ? '' : `${labels},`;
  let text = '';
  let seen = 0;
  for (const [at, count] of counts.counts.entries()) {
    seen += count;
    text += `${name}_bucket{${before}le="${bounds.text[at] ?? '+Inf'}"} ${seen}\n`;
  }
  const sum = counts.sumUs / bounds.unitUs;
  return text + sample(`${name}_count`, labels, seen) + sample(`${name}_sum`, labels, bounds.unitUs === 1_000 ? Math.round(sum) : sum);
}

/**
 * Text in pieces, so that a scrape of any size never holds up the traffic: whoever serves it lets go of the event loop
 * between two pieces. A piece is the samples of one series at most.
 */
export type Pieces = Generator<string, void, undefined>;

/** A family with its declaration; nothing at all when it has no samples. */
export function* family(name: string, type: 'counter' | 'gauge' | 'histogram', help: string, samples: Iterable<string>): Pieces {
  let declared = false;
  for (const text of samples) {
    if (text === '') continue;
    if (!declared) yield `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    declared = true;
    yield text;
  }
}

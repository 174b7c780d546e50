/** Metrics of one subject over time: golden metrics by step, and requests by latency and step. */
import { ApiError } from '../context.ts';
import type { OrgContext } from '../context.ts';
import { HOUR_MS, MINUTE_MS } from '../rollup/chunk.ts';
import type { Series } from '../wire/entities.ts';
import type { Heatmap } from '../wire/history.ts';
import { createCoverage } from './coverage.ts';
import { addEdgeRow, addSum, createSum, goldenOf } from './golden.ts';
import type { Sum } from './golden.ts';
import { heatOf } from './heat.ts';
import { visitSubject } from './levels.ts';
import type { Subject } from './levels.ts';
import type { EntityNames } from './names.ts';
import { hoursOf, planRange } from './plan.ts';
import type { Grain } from './plan.ts';
import { pointOf, subjectOf } from './points.ts';
import { stepOf } from './range.ts';
import type { RangeQuery, Span } from './range.ts';
import { finestMs, rangeOf, readingOf } from './reading.ts';
import type { ClusterReading } from './reading.ts';

export type SeriesQuery = RangeQuery & { readonly subject: string; readonly stepSeconds?: number | undefined };

interface Steps {
  readonly span: Span;
  readonly stepMs: number;
  /** The last step may be shorter than the others. */
  readonly steps: readonly { readonly startMs: number; readonly sum: Sum; readonly seconds: number; readonly imported: boolean }[];
}

/** Throws `ApiError` `not_found` or `invalid_request`. */
export async function readSeries(context: OrgContext, names: EntityNames, clusterId: string, query: SeriesQuery): Promise<Series> {
  const subject = knownSubject(query.subject);
  return readingOf(context, names, clusterId, query, async (reading) => {
    const { span, stepMs, steps } = await sumSteps(reading, subject, query.stepSeconds);
    const total = createSum();
    for (const { sum } of steps) addSum(total, sum);
    return {
      range: rangeOf(reading, span, stepMs),
      points: steps.map(({ startMs, sum, seconds, imported }) => pointOf(startMs, sum, seconds, imported)),
      total: goldenOf(total, steps.reduce((all, { seconds }) => all + seconds, 0)),
    };
  });
}

/** Throws `ApiError` `not_found` or `invalid_request`. */
export async function readHeatmap(context: OrgContext, names: EntityNames, clusterId: string, query: SeriesQuery): Promise<Heatmap> {
  const subject = knownSubject(query.subject);
  return readingOf(context, names, clusterId, query, async (reading) => {
    const { span, stepMs, steps } = await sumSteps(reading, subject, query.stepSeconds);
    return {
      range: rangeOf(reading, span, stepMs),
      stepMs,
      points: steps.map(({ startMs, seconds, imported }) => ({ startMs, gap: seconds === 0, imported })),
      ...heatOf(steps.map(({ sum }) => sum.latency)),
    };
  });
}

function knownSubject(text: string): Subject {
  const subject = subjectOf(text);
  if (subject) return subject;
  throw new ApiError('invalid_request', 'The subject is not known.', {
    faults: [{ path: 'query.subject', message: `"${text}" is none of cluster, workload:<key>, service:<key>, edge:<id of a topology edge>` }],
  });
}

async function sumSteps(reading: ClusterReading, subject: Subject, askedSeconds: number | undefined): Promise<Steps> {
  const stepMs = stepOf(reading.span, finestMs(reading), askedSeconds);
  const coarsest = grainOf(stepMs);
  const unitMs = coarsest === 'hour' ? HOUR_MS : coarsest === 'minute' ? MINUTE_MS : reading.windowMs;
  const span = { fromMs: Math.floor(reading.span.fromMs / unitMs) * unitMs, toMs: reading.span.toMs };
  const sums = Array.from({ length: Math.ceil((span.toMs - span.fromMs) / stepMs) }, createSum);
  const coverage = createCoverage();
  const plan = planRange(span, reading.hours, reading.nowMs, { coarsest, everything: false });
  await visitSubject(reading, plan, subject, true, (labels, atMs, part, row) => {
    const sum = sums[Math.floor((atMs - span.fromMs) / stepMs)];
    if (sum) addEdgeRow(sum, part, row, labels);
  }, coverage.add);
  const seconds = coverage.bySteps(span.fromMs, stepMs, sums.length);
  const steps = sums.map((sum, at) => {
    const startMs = span.fromMs + at * stepMs;
    return { startMs, sum, seconds: seconds[at] ?? 0, imported: touchesImport(reading, { fromMs: startMs, toMs: Math.min(startMs + stepMs, span.toMs) }) };
  });
  return { span, stepMs, steps };
}

/** The coarsest level whose points fit into steps. */
function grainOf(stepMs: number): Grain {
  if (stepMs % HOUR_MS === 0) return 'hour';
  return stepMs % MINUTE_MS === 0 ? 'minute' : 'window';
}

function touchesImport(reading: ClusterReading, span: Span): boolean {
  return hoursOf(span).some((hour) => reading.hours.get(hour)?.kind === 'imported');
}

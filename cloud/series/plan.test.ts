import { describe, expect, test } from 'vitest';
import { MINUTE_RETENTION_MS, WINDOW_RETENTION_MS } from '../jobs/retention.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SLICE_MS } from '../rollup/chunk.ts';
import { seeded } from '../rollup/testing.ts';
import { alignSpan, commonGrain, dayChunks, finestOf, GRAIN_MS, hoursOf, membership, planRange, sourcesOf } from './plan.ts';
import type { Grain, Hours, HourState } from './plan.ts';
import type { Span } from './range.ts';

const NOW = 20_000 * DAY_MS + 13 * HOUR_MS + 20 * MINUTE_MS;
const CURRENT = NOW - (NOW % HOUR_MS);

function randomState(hourMs: number, random: () => number): HourState {
  if (hourMs === CURRENT) return { kind: 'open', slicedToMs: hourMs + Math.floor(random() * 2) * SLICE_MS };
  const dice = random();
  if (dice < 0.2 && hourMs > NOW - WINDOW_RETENTION_MS) return { kind: 'open', slicedToMs: hourMs + Math.floor(random() * 13) * SLICE_MS };
  if (dice < 0.8) return { kind: 'rolled' };
  return { kind: 'imported', points: random() < 0.5 ? 'minute' : 'hour', source: random() < 0.5 ? 'a' : 'b' };
}

function world(seed: number): { span: Span; hours: Hours; random: () => number } {
  const random = seeded(seed);
  const lengthMs = Math.ceil((random() < 0.5 ? random() * 3 * HOUR_MS : random() * 60 * HOUR_MS) / 10_000 + 1) * 10_000;
  const toMs = Math.floor((NOW - (random() < 0.3 ? 0 : random() * 6 * DAY_MS)) / 10_000) * 10_000;
  const span = { fromMs: toMs - lengthMs, toMs };
  const hours = new Map<number, HourState>();
  for (const hour of hoursOf({ fromMs: span.fromMs - HOUR_MS, toMs: span.toMs + HOUR_MS })) hours.set(hour, randomState(hour, random));
  return { span, hours, random };
}

const lengthOf = (pieces: readonly Span[]): number => pieces.reduce((sum, piece) => sum + piece.toMs - piece.fromMs, 0);

test.each(Array.from({ length: 200 }, (_, seed) => seed))('a plan covers its range once, from levels that its hours have (seed %i)', (seed) => {
  const { span: asked, hours, random } = world(seed);
  const span = alignSpan(asked, hours, NOW);
  expect(span.fromMs).toBeLessThanOrEqual(asked.fromMs);
  expect(span.toMs).toBeGreaterThanOrEqual(asked.toMs);
  const plan = planRange(span, hours, NOW, { coarsest: 'hour', everything: random() < 0.5 });
  const pieces = [...plan.windows, ...plan.minutes, ...plan.hours].sort((a, b) => a.fromMs - b.fromMs);
  expect(lengthOf(pieces)).toBe(span.toMs - span.fromMs);
  let at = span.fromMs;
  for (const piece of pieces) {
    expect(piece.fromMs).toBe(at);
    at = piece.toMs;
  }
  const check = (level: Grain, list: readonly Span[]): void => {
    for (const piece of list) {
      if (level !== 'window') expect([piece.fromMs % GRAIN_MS[level], piece.toMs % GRAIN_MS[level]]).toEqual([0, 0]);
      for (const hour of hoursOf(piece)) {
        const state = hours.get(hour);
        const finest = finestOf(hour, state, NOW);
        if (level === 'window') expect(finest).toBe('window');
        if (level === 'minute') {
          expect(finest).not.toBe('hour');
          if (state?.kind === 'open') expect(Math.min(piece.toMs, hour + HOUR_MS)).toBeLessThanOrEqual(state.slicedToMs);
        }
        if (level === 'hour') expect(state?.kind).not.toBe('open');
      }
    }
  };
  check('window', plan.windows);
  check('minute', plan.minutes);
  check('hour', plan.hours);
  const days = new Set(dayChunks(plan.hours));
  for (const piece of plan.hours) for (const hour of hoursOf(piece)) expect(days.has(hour - (hour % DAY_MS))).toBe(true);
});

test.each(Array.from({ length: 50 }, (_, seed) => seed))('a series never reads coarser than its step, unless an hour has nothing finer (seed %i)', (seed) => {
  const { span: asked, hours } = world(seed + 1000);
  const span = alignSpan(asked, hours, NOW);
  const grain = commonGrain(span, hours, NOW);
  if (grain === 'hour') return;
  expect(planRange(span, hours, NOW, { coarsest: 'minute', everything: false }).hours).toEqual([]);
});

test('a few minutes of a whole cluster are windows, and of one workload minutes', () => {
  const hours: Hours = new Map([[CURRENT - HOUR_MS, { kind: 'rolled' }]]);
  const span = { fromMs: CURRENT - 20 * MINUTE_MS, toMs: CURRENT - 15 * MINUTE_MS };
  expect(planRange(span, hours, NOW, { coarsest: 'hour', everything: true })).toMatchObject({ windows: [span], minutes: [] });
  expect(planRange(span, hours, NOW, { coarsest: 'hour', everything: false })).toMatchObject({ windows: [], minutes: [span], minuteChunks: [CURRENT - HOUR_MS] });
});

test('minutes of an open hour come from its slices', () => {
  const hours: Hours = new Map([[CURRENT, { kind: 'open', slicedToMs: CURRENT + 2 * SLICE_MS }]]);
  const plan = planRange({ fromMs: CURRENT + 3 * MINUTE_MS, toMs: NOW }, hours, NOW, { coarsest: 'hour', everything: false });
  expect(plan.minuteChunks).toEqual([CURRENT, CURRENT + SLICE_MS]);
  expect(plan.minutes).toEqual([{ fromMs: CURRENT + 3 * MINUTE_MS, toMs: CURRENT + 2 * SLICE_MS }]);
});

describe('what is left of an hour', () => {
  test.each<[string, number, HourState | undefined, Grain]>([
    ['a young one has its windows', NOW - DAY_MS, { kind: 'rolled' }, 'window'],
    ['an older one its minutes', NOW - 4 * DAY_MS, { kind: 'rolled' }, 'minute'],
    ['a very old one itself', NOW - MINUTE_RETENTION_MS - DAY_MS, { kind: 'rolled' }, 'hour'],
    ['an import what it brought', NOW - DAY_MS, { kind: 'imported', points: 'minute', source: 'x' }, 'minute'],
    ['an import of hours itself', NOW - DAY_MS, { kind: 'imported', points: 'hour', source: 'x' }, 'hour'],
    ['an open one its windows, however old', NOW - 10 * DAY_MS, { kind: 'open', slicedToMs: 0 }, 'window'],
  ])('%s', (_, hourMs, state, grain) => {
    expect(finestOf(hourMs - (hourMs % HOUR_MS), state, NOW)).toBe(grain);
  });
});

test('an hour without a state is read as windows while those are kept, and has nothing after', () => {
  const none: Hours = new Map();
  const young = { fromMs: CURRENT - HOUR_MS, toMs: CURRENT };
  expect(planRange(young, none, NOW, { coarsest: 'hour', everything: false }).windows).toEqual([young]);
  const old = { fromMs: NOW - 10 * DAY_MS, toMs: NOW - 9 * DAY_MS };
  expect(planRange(old, none, NOW, { coarsest: 'hour', everything: false }).windows).toEqual([]);
});

test('sources of imports are told once each', () => {
  const { hours, span } = world(3);
  const expected = new Set(hoursOf(span).flatMap((hour) => { const state = hours.get(hour); return state?.kind === 'imported' ? [state.source] : []; }));
  expect(sourcesOf(span, hours)).toEqual([...expected].sort());
});

test('membership tells inside from outside at every edge', () => {
  const inside = membership([{ fromMs: 10, toMs: 20 }, { fromMs: 30, toMs: 31 }]);
  expect([9, 10, 19, 20, 29, 30, 31].map(inside)).toEqual([false, true, true, false, false, true, false]);
});

import { expect, test } from 'vitest';
import { ago, axisTick, clock, localInput, moment, resolution, span, until } from './time.ts';

const NOW = Date.parse('2026-11-22T14:02:10Z');
const words = (text: string): string => text.replaceAll('\u00a0', ' ');
const before = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

test.each<[number, string]>([[2, '2 s'], [59, '59 s'], [60, '1 min'], [3599, '59 min'], [3600, '1 h'], [47 * 3600, '47 h'], [61 * 86_400, '61 d'], [-5, '0 s']])(
  '%s seconds ago reads %s', (seconds, text) => {
    expect(words(ago(before(seconds), NOW))).toBe(text);
  });

test('what never happened and what has expired say so', () => {
  expect([ago(null, NOW), until(null, NOW), until(before(1), NOW), words(until(before(-61 * 86_400), NOW))]).toEqual(['–', '–', 'expired', '61 d']);
});

test('a span has at most two units', () => {
  expect([40_000, 720_000, 3_600_000, 3_900_000, 4 * 86_400_000].map(span).map(words)).toEqual(['40 s', '12 min', '1 h', '1 h 5 min', '4 d']);
});

test('axis ticks show what the range needs', () => {
  expect(axisTick(NOW, 300_000, 'UTC')).toBe('14:02:10');
  expect(axisTick(NOW, 3_600_000, 'UTC')).toBe('14:02');
  expect(axisTick(NOW, 7 * 86_400_000, 'UTC')).toBe('22 Nov');
  expect([clock(NOW, 'UTC'), moment(NOW, 'UTC'), words(resolution(10_000)), words(resolution(60_000))]).toEqual(['14:02:10', '22 Nov 14:02', '10 s', '1 min']);
});

test('a date field reads back as the same minute', () => {
  expect(Date.parse(localInput(NOW))).toBe(NOW - (NOW % 60_000));
});

import { expect, test } from 'vitest';
import { comparedSentence, latencyChange, rateChange, shareChange } from './compared.ts';

const golden = (p95: number | null, successRate: number | null, requestsPerSecond: number): Parameters<typeof comparedSentence>[0] => ({ latencyMs: { p95 }, successRate, requestsPerSecond });

test('a line says each number and how it differs, in words', () => {
  expect(comparedSentence(golden(38, 0.99, 110), golden(26, 0.995, 100), 'last week').replaceAll('\u00a0', ' ')).toBe('p95 38.0 ms, 12.0 ms more than last week; success 99.00 %, 0.50 points less; rate 110/s, 10 % more.');
  expect(comparedSentence(golden(26, 1, 250), golden(26.4, 1, 100), 'yesterday').replaceAll('\u00a0', ' ')).toBe('p95 26.0 ms, about the same as yesterday; success 100 %, the same; rate 250/s, 2.5 times as much.');
});

test('an earlier range without traffic is said to be unknown, never compared with 0', () => {
  expect(comparedSentence(golden(38, 1, 3), golden(null, null, 0), 'last week')).toBe('No requests are known of last week.');
  expect(comparedSentence(golden(38, 1, 3), null, 'last week')).toBe('No requests are known of last week.');
});

test.each([[null, 3], [3, null]])('%s against %s has no difference', (now, before) => {
  expect([latencyChange(now, before), shareChange(now, before)]).toEqual([null, null]);
});

test('what the histograms can not tell apart is about the same', () => {
  expect([latencyChange(104, 100), latencyChange(106, 100), rateChange(95.5, 100), rateChange(50, 100)?.replace('\u00a0', ' ')]).toEqual(['about the same', '6.00\u00a0ms more', 'about the same', '50 % less']);
});

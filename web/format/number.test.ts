import { expect, test } from 'vitest';
import { byteRate, compact, latency, percent, percentColumn, percentWhole, plain, plural, rate } from './number.ts';

const words = (text: string): string => text.replaceAll('\u00a0', ' ');

test.each<[number | null, string]>([
  [1, '100 %'], [0.9999999, '99.99 %'], [0.9998, '99.98 %'], [0.99, '99.00 %'], [0.98999, '98.9 %'], [0.921, '92.1 %'],
  [0.57, '57.0 %'], [0.0999, '9.99 %'], [0.0004, '0.04 %'], [0.0001, '0.01 %'], [0.00009, '<0.01 %'], [0, '0 %'], [null, '–'],
])('a share of %s reads %s', (share, text) => {
  expect(words(percent(share))).toBe(text);
});

test('no share below 1 reads as 100 %, in prose, in columns or in whole percent', () => {
  for (let nines = 1; nines <= 15; nines++) {
    const share = 1 - 10 ** -nines;
    for (const form of [percent, percentColumn, percentWhole]) expect(form(share)).not.toMatch(/100/);
  }
});

test.each<[number | null, string]>([[1, '100.00 %'], [0.92138, '92.13 %'], [0.99996, '99.99 %'], [0, '0.00 %'], [0.00001, '<0.01 %'], [null, '–']])(
  'a column shows %s as %s', (share, text) => {
    expect(words(percentColumn(share))).toBe(text);
  });

test.each<[number | null, string]>([[1, '100 %'], [0.999, '99 %'], [0.004, '<1 %'], [0, '0 %'], [0.57, '57 %'], [null, '–']])('whole percent of %s is %s', (share, text) => {
  expect(words(percentWhole(share))).toBe(text);
});

test.each<[number, string]>([[0, '0/s'], [0.001, '<0.01/s'], [0.5, '0.50/s'], [41.24, '41.2/s'], [99.96, '100/s'], [812, '812/s'], [4123, '4.12k/s'], [41_230, '41.2k/s']])(
  'a rate of %s reads %s', (value, text) => {
    expect(rate(value)).toBe(text);
  });

test.each<[number | null, string]>([[0.004, '<0.01 ms'], [0.43, '0.43 ms'], [9.996, '10.0 ms'], [12.36, '12.4 ms'], [840.2, '840 ms'], [999.6, '1.00 s'], [61_000, '61.0 s'], [null, '–']])(
  'a latency of %s ms reads %s', (value, text) => {
    expect(words(latency(value))).toBe(text);
  });

test.each<[number | null, string]>([[0, '0'], [0.001, '<0.01'], [1234.4, '1,234'], [8.421, '8.42'], [null, '–']])('a plain number %s reads %s', (value, text) => {
  expect(plain(value)).toBe(text);
});

test('counts and bytes shorten to three significant digits', () => {
  expect([compact(812), compact(999), compact(4123), compact(999_499), compact(1_300_000)]).toEqual(['812', '999', '4.12k', '999k', '1.30M']);
  expect([byteRate(12), byteRate(1204), byteRate(2_500_000)].map(words)).toEqual(['12.0 B/s', '1.20 kB/s', '2.50 MB/s']);
  expect([plural(1, 'cluster'), plural(14, 'cluster'), plural(2, 'proxy', 'proxies')]).toEqual(['1 cluster', '14 clusters', '2 proxies']);
});

test('a number and its unit never part at the end of a line', () => {
  for (const text of [percent(0.5), percentColumn(0.5), percentWhole(0.5), latency(12), byteRate(12)]) expect(text).not.toMatch(/ /);
});

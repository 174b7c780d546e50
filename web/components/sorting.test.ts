import { expect, test } from 'vitest';
import { readSort, sorted, toggled, writeSort, type SortValue } from './sorting.ts';

const FALLBACK = { key: 'health', descending: false };

test('the order survives the URL, and nonsense is the default order', () => {
  for (const sort of [{ key: 'rps', descending: true }, { key: 'name', descending: false }]) expect(readSort(writeSort(sort), FALLBACK)).toEqual(sort);
  for (const text of [undefined, '', '-']) expect(readSort(text, FALLBACK)).toEqual(FALLBACK);
});

test('a second click turns the order, another column starts its own way', () => {
  expect(toggled({ key: 'rps', descending: true }, 'rps', true)).toEqual({ key: 'rps', descending: false });
  expect(toggled({ key: 'rps', descending: false }, 'p99', true)).toEqual({ key: 'p99', descending: true });
});

test.each<[SortValue[], boolean, SortValue[]]>([
  [[3, null, 1, 2], false, [1, 2, 3, null]],
  [[3, null, 1, 2], true, [3, 2, 1, null]],
  [['web-10', 'web-9', null], false, ['web-9', 'web-10', null]],
])('rows without a value come last: %o', (values, descending, ordered) => {
  expect(sorted(values, (value) => value, descending)).toEqual(ordered);
});

import { expect, test } from 'vitest';
import { ascii, text } from '../bytes.ts';
import { seededRandom } from '../../test/random.ts';
import { DYNAMIC_FIRST, DynamicTable, ENTRY_OVERHEAD } from './table.ts';

function insert(table: DynamicTable, name: string, value: string): void {
  const bytes = ascii(`${name}${value}`);
  table.insert(bytes, 0, name.length, name.length, bytes.length, 0);
}

function contents(table: DynamicTable): string[] {
  return Array.from({ length: table.count }, (_, at) => {
    const number = table.numberAt(DYNAMIC_FIRST + at);
    return `${text(table.bytes, table.start(number), table.middle(number))}=${text(table.bytes, table.middle(number), table.end(number))}`;
  });
}

test('RFC 7541 §2.3.2: the newest entry has the lowest index', () => {
  const table = new DynamicTable(4096);
  insert(table, 'a', '1');
  insert(table, 'b', '2');
  expect(contents(table)).toEqual(['b=2', 'a=1']);
  expect(table.indexOf(table.numberAt(DYNAMIC_FIRST + 1))).toBe(DYNAMIC_FIRST + 1);
  expect(table.numberAt(DYNAMIC_FIRST + 2)).toBe(-1);
});

test('RFC 7541 §4.4: an entry larger than the table empties it', () => {
  const table = new DynamicTable(64);
  insert(table, 'a', '1');
  insert(table, 'b', 'x'.repeat(64));
  expect([table.count, table.size]).toEqual([0, 0]);
  insert(table, 'c', '3');
  expect(contents(table)).toEqual(['c=3']);
});

test('RFC 7541 §4.3: a smaller table keeps the newest entries', () => {
  const table = new DynamicTable(4096);
  for (let at = 0; at < 20; at++) insert(table, 'n', String(at));
  table.resize(2 * (ENTRY_OVERHEAD + 3));
  expect(contents(table)).toEqual(['n=19', 'n=18']);
  table.resize(0);
  expect(contents(table)).toEqual([]);
});

test('it holds what a plain list would through thousands of insertions, in at most twice its size', () => {
  const random = seededRandom(7);
  const table = new DynamicTable(1_000);
  let plain: string[] = [];
  for (let run = 0; run < 5_000; run++) {
    const name = 'n'.repeat(1 + Math.floor(random() * 20));
    const value = String(run).padEnd(Math.floor(random() * 200), 'v');
    insert(table, name, value);
    plain.unshift(`${name}=${value}`);
    let size = 0;
    plain = plain.filter((entry) => (size += entry.length - 1 + ENTRY_OVERHEAD) <= table.max);
    expect(contents(table)).toEqual(plain);
  }
  expect(table.bytes.length).toBeLessThanOrEqual(2 * 1_000);
});

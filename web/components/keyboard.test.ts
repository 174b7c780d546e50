import { expect, test } from 'vitest';
import { readKey, SEQUENCE_MS_MAX, SHORTCUTS, type Pressed } from './keyboard.ts';

function press(...keys: readonly [string, number][]): (string | null)[] {
  let first: Pressed | null = null;
  return keys.map(([key, atMs]) => {
    const read = readKey(first, { key, atMs });
    first = read.first;
    return read.action;
  });
}

test.each(SHORTCUTS.map((shortcut) => [shortcut.keys, shortcut.action] as const))('%s does %s', (keys, action) => {
  expect(press(...keys.split(' ').map((key, at): [string, number] => [key, at * 100])).at(-1)).toBe(action);
});

test('a sequence ends after a pause, and a wrong second key begins anew', () => {
  expect(press(['g', 0], ['f', SEQUENCE_MS_MAX + 1])).toEqual([null, null]);
  expect(press(['g', 0], ['x', 10], ['f', 20])).toEqual([null, null, null]);
  expect(press(['g', 0], ['g', 10], ['f', 20])).toEqual([null, null, 'fleet']);
});

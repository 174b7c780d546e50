import { expect, test } from 'vitest';
import { Anchors } from './anchors.ts';

function setUp(first: string | null) {
  let file = first;
  const anchors = new Anchors(() => {
    if (file === null) throw new Error('ENOENT: trust-bundle.pem');
    return file;
  });
  return { anchors, write: (text: string | null) => void (file = text) };
}

test("the file's anchors are in force, and its changes are seen", () => {
  const { anchors, write } = setUp('one');
  expect(anchors.current()).toBe('one');
  write('two');
  expect(anchors.current()).toBe('two');
});

test('what came over the link is newer than the file, until that changes', () => {
  const { anchors, write } = setUp('one');
  expect(anchors.current()).toBe('one');
  anchors.put('live');
  expect(anchors.current()).toBe('live');
  write('two');
  expect(anchors.current()).toBe('two');
});

test('a file that went away leaves what was in force; with nothing at all it is an error', () => {
  const { anchors, write } = setUp(null);
  expect(() => anchors.current()).toThrow('ENOENT');
  anchors.put('kept');
  expect(anchors.current()).toBe('kept');
  write('one');
  expect(anchors.current()).toBe('one');
  write(null);
  expect(anchors.current()).toBe('one');
});

import { expect, test } from 'vitest';
import { curvePath } from './curve.ts';

const at = (x: number): { x: number; y: number } => ({ x, y: x });

test.each([
  [[], ''],
  [[at(0), at(1)], 'M0.0 0.0 L1.0 1.0'],
  [[at(0), at(1), at(2), at(3)], 'M0.0 0.0 C1.0 1.0 2.0 2.0 3.0 3.0'],
  [[0, 1, 2, 3, 4, 5, 6].map(at), 'M0.0 0.0 C1.0 1.0 2.0 2.0 3.0 3.0 C4.0 4.0 5.0 5.0 6.0 6.0'],
])('%o is %s', (points, path) => {
  expect(curvePath(points)).toBe(path);
});

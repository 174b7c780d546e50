import { expect, test } from 'vitest';
import { curvePath } from './curve.ts';

const at = (x: number, y = x): { x: number; y: number } => ({ x, y });

test.each([
  ['nothing', [], ''],
  ['a line', [at(0), at(1)], 'M0.0 0.0 L1.0 1.0'],
  ['a curve', [at(0), at(1), at(2), at(3)], 'M0.0 0.0 C1.0 1.0 2.0 2.0 3.0 3.0'],
  ['two curves', [0, 1, 2, 3, 4, 5, 6].map((x) => at(x)), 'M0.0 0.0 C1.0 1.0 2.0 2.0 3.0 3.0 C4.0 4.0 5.0 5.0 6.0 6.0'],
  ['a round corner', [at(0, 0), at(100, 0), at(100, 50)], 'M0.0 0.0 L90.0 0.0 Q100.0 0.0 100.0 10.0 L100.0 50.0'],
  ['a corner with a short arm', [at(0, 0), at(8, 0), at(8, 50)], 'M0.0 0.0 L4.0 0.0 Q8.0 0.0 8.0 10.0 L8.0 50.0'],
  ['four points along the axes, which are corners', [at(0, 0), at(40, 0), at(40, 40), at(80, 40)], 'M0.0 0.0 L30.0 0.0 Q40.0 0.0 40.0 10.0 L40.0 30.0 Q40.0 40.0 50.0 40.0 L80.0 40.0'],
])('%s is drawn', (_, points, path) => {
  expect(curvePath(points)).toBe(path);
});

import { expect, test } from 'vitest';
import { betterFit, fitScale } from './fit.ts';

const size = (width: number, height: number): { width: number; height: number } => ({ width, height });

test('a drawing fills its frame in the tighter direction', () => {
  expect(fitScale(size(1000, 100), size(500, 500))).toBe(0.5);
  expect(fitScale(size(0, 0), size(500, 500))).toBe(1);
});

test.each([
  [size(1800, 250), size(600, 800), size(750, 750), 'DOWN'],
  [size(1800, 250), size(600, 800), size(1800, 400), 'RIGHT'],
  [size(400, 200), size(200, 400), size(800, 800), 'RIGHT'],
  [size(400, 200), size(200, 400), size(300, 600), 'DOWN'],
] as const)('%o or %o in a frame of %o is drawn %s', (across, down, frame, direction) => {
  expect(betterFit(across, down, frame)).toBe(direction);
});

import { expect, test } from 'vitest';
import { faultsOf } from './tools.ts';

test('a fault is counted once however many lines explain it, and a tool\'s own count is none', () => {
  expect(faultsOf('a.ts(1,2): error TS1: x\n  because\n    of y\nb.ts:3:4: z [Error/r]\n\n2 problems\n')).toEqual([
    'a.ts(1,2): error TS1: x\n    because\n      of y', 'b.ts:3:4: z [Error/r]',
  ]);
});

import { expect, test } from 'vitest';
import { runFaults } from './faults.ts';

test('whatever the network does, no request hangs, gets another one\'s answer or is done twice (a small share of npm run chaos -- faults)', async () => {
  const report = await runFaults({ seed: 20_261_122, count: 480, minutes: undefined, say: () => undefined });
  expect(report.bars.filter(({ met }) => !met), JSON.stringify(report.rows)).toEqual([]);
}, 180_000);

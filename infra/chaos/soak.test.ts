import { expect, test } from 'vitest';
import { runSoak } from './soak.ts';

test('load with new and broken connections fails nobody and leaves no descriptor open (a small share of npm run soak)', async () => {
  const report = await runSoak({ seed: 20_261_122, count: 400, minutes: 0.1, say: () => undefined });
  expect(report.bars.filter(({ met }) => !met), JSON.stringify(report.facts['reasons'])).toEqual([]);
}, 180_000);

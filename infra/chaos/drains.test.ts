import { expect, test } from 'vitest';
import { runDrains } from './drains.ts';

test('proxies are replaced at load with streams and WebSockets in flight, and nobody notices (a small share of npm run chaos -- drains)', async () => {
  const report = await runDrains({ seed: 20_261_123, count: 4, minutes: undefined, say: () => undefined });
  expect(report.bars.filter(({ met }) => !met), JSON.stringify(report.facts)).toEqual([]);
}, 180_000);

import { expect, test } from 'vitest';
import { runRotations } from './rotations.ts';

test('leaves and the trust anchor change under load, and a proxy starts without a control plane, without one failed request (a small share of npm run chaos -- rotations)', async () => {
  const report = await runRotations({ seed: 20_261_122, count: 1, minutes: undefined, say: () => undefined });
  expect(report.bars.filter(({ met }) => !met), JSON.stringify(report.facts)).toEqual([]);
}, 180_000);

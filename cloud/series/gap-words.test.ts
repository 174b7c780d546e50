import { expect, test } from 'vitest';
import { lossGap, uncovered } from './gap-words.ts';
import type { Piece } from './gap-words.ts';

const span = { fromMs: 0, toMs: 100_000 };
const windows = (...starts: number[]): Piece[] => starts.map((start) => [start * 1000, 10_000, 10]);

test.each<[string, Piece[], [number, number, string][]]>([
  ['all of it when nothing is stored', [], [[0, 100_000, 'Nothing was received of these 100 s']]],
  ['nothing when all is covered', windows(0, 10, 20, 30, 40, 50, 60, 70, 80, 90), []],
  ['the begin, the middle and the end', windows(10, 20, 60, 70), [[0, 10_000, 'Nothing was received of these 10 s'], [30_000, 60_000, 'Nothing was received of these 30 s'], [80_000, 100_000, 'Nothing was received of these 20 s']]],
  ['pieces that are covered in part', [[0, 60_000, 40], [60_000, 40_000, 40]], [[0, 60_000, '20 s of these 60 s were not received']]],
  ['nothing before a piece that began earlier', [[-50_000, 100_000, 100], ...windows(50, 60, 70, 80, 90)], []],
])('uncovered is %s', (_, pieces, gaps) => {
  expect(uncovered(span, pieces).map((gap) => [gap.fromMs, gap.toMs, gap.text])).toEqual(gaps);
});

test('what an agent reported as lost is told with its reason, one or many; an unknown reason is not made up', () => {
  expect(lossGap('spool_frames', 1, 5)).toEqual({ fromMs: 5, toMs: 5, reason: 'spool_frames', count: 1, text: '1 frame was dropped from the agent’s spool: the cloud was away for longer than the spool holds' });
  expect(lossGap('folded', 1200, 5)?.text).toMatch(/^1,200 rows were folded into “other”/);
  expect(lossGap('something', 1, 5)).toBeNull();
});

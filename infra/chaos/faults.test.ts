import { expect, test } from 'vitest';
import { HUNG_MS, drawToxic, runFaults } from './faults.ts';
import { BODY_BYTES_MAX } from './nonce.ts';
import { DEPTH_MAX } from './pipeline-client.ts';
import { FINE_BYTES, FINE_PIECE_MAX } from './toxic.ts';

/** So much later than asked a timer of a busy process fires. */
const LAG_MS = 2;

test('the largest pipeline passes the slowest slicing in half of the time after which a request has hung', () => {
  const chances = [0, 0.001, 0.01, 0.5, 0.999];
  for (const size of chances) {
    for (const gap of chances) {
      const drawn = [0, size, gap];
      const toxic = drawToxic('slice', () => drawn.shift() ?? 0);
      if (toxic.kind !== 'slice') throw new Error('a slice was asked for');
      // Pieces are half of the most on average.
      const pieces = FINE_BYTES / (FINE_PIECE_MAX / 2) + (DEPTH_MAX * BODY_BYTES_MAX) / (toxic.bytesMax / 2);
      expect(pieces * (toxic.gapMs + LAG_MS)).toBeLessThan(HUNG_MS / 2);
    }
  }
});

test('whatever the network does, no request hangs, gets another one\'s answer or is done twice (a small share of npm run chaos -- faults)', async () => {
  const report = await runFaults({ seed: 20_261_122, count: 480, minutes: undefined, say: () => undefined });
  expect(report.bars.filter(({ met }) => !met), JSON.stringify(report.rows)).toEqual([]);
}, 180_000);

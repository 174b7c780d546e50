import { expect, test } from 'vitest';
import { historyMarks, noteAt } from './marks.ts';

const gap = { fromMs: 100, toMs: 200, reason: 'uncovered', count: null, text: 'The agent was away.' } as const;
const [incident, rollout] = historyMarks([{ atMs: 250, endMs: null, kind: 'incident', text: 'payments fails', link: null }, { atMs: 300, endMs: null, kind: 'rollout', text: 'ledger 1.2', link: null }], 400);

test('an open incident reaches to the present and is trouble; a rollout is a quiet moment', () => {
  expect(incident).toEqual({ label: 'payments fails', fromMs: 250, toMs: 400 });
  expect(rollout).toEqual({ label: 'ledger 1.2', fromMs: 300, toMs: 300, tone: 'change' });
});

test.each([
  [0, 50, null], [50, 101, 'The agent was away.'], [200, 250, 'old'], [260, 270, 'payments fails'], [295, 305, 'ledger 1.2'], [300, 310, 'ledger 1.2'], [401, 500, null],
])('the point from %s to %s says: %s', (fromMs, toMs, note) => {
  const marks = [incident, rollout].filter((mark) => mark !== undefined);
  expect(noteAt(fromMs, toMs, [gap], marks, [{ fromMs: 200, toMs: 300, label: 'old' }])).toBe(note);
});

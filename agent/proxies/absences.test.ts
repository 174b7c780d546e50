import { expect, test } from 'vitest';
import { Absences } from './absences.ts';
import type { KnownProcess } from './absences.ts';

const RING_TICKS = 90;
const process = (instance: string, name = 'web-1'): KnownProcess => ({ instance, workload: 'shop/host/web', name });

function setUp(recovered: readonly KnownProcess[] = [], knownTo = 0) {
  const state = { tick: 100, kept: [] as readonly KnownProcess[] };
  const absences = new Absences({ tick: () => state.tick, ringTicks: RING_TICKS, keep: (known) => void (state.kept = known) }, recovered, knownTo);
  const told = (): number => {
    const lost = absences.take();
    lost?.done();
    return lost?.windows ?? 0;
  };
  return { absences, state, told };
}

test.each([
  { what: 'closed in the tick that it was counting', missing: { from: 100, to: 100 }, laterTicks: 50, windows: 1 },
  { what: 'closed with the window before still on its way', missing: { from: 99, to: 100 }, laterTicks: 50, windows: 2 },
  { what: 'silent, its successor coming 4 ticks later', missing: { from: 96, to: null }, laterTicks: 4, windows: 9 },
  { what: 'silent for longer than its ring holds', missing: { from: 96, to: null }, laterTicks: 500, windows: RING_TICKS },
  { what: 'all of its windows there already, by a clock that was corrected', missing: { from: 104, to: 100 }, laterTicks: 1, windows: 1 },
])('$what: at most $windows lost', ({ missing, laterTicks, windows }) => {
  const { absences, state, told } = setUp();
  absences.joined(process('a'));
  absences.left('a', missing);
  expect(told()).toBe(0);
  state.tick += laterTicks;
  absences.joined(process('b'));
  expect(told()).toBe(windows);
  expect(told()).toBe(0);
  expect(state.kept).toEqual([process('b')]);
});

test('a process that comes back, and one beside another of its name, have lost nothing', () => {
  const { absences, state, told } = setUp();
  absences.joined(process('a'));
  absences.left('a', { from: 100, to: 100 });
  absences.joined(process('a'));
  absences.joined(process('b'));
  absences.joined(process('c', 'web-2'));
  expect(told()).toBe(0);
  expect(state.kept.map(({ instance }) => instance)).toEqual(['a', 'b', 'c']);
});

test('without a successor a process is given up when all that it could keep has gone stale', () => {
  const { absences, state, told } = setUp();
  absences.joined(process('a'));
  absences.left('a', { from: 100, to: 100 });
  state.tick = 100 + RING_TICKS;
  absences.expire();
  expect(told()).toBe(0);
  state.tick += 1;
  absences.expire();
  absences.expire();
  expect([told(), state.kept]).toEqual([1, []]);
});

test('after an agent was killed: who comes back has lost nothing, who comes as another process has', () => {
  const { absences, state, told } = setUp([process('a'), process('b', 'web-2')], 97);
  absences.joined(process('a'));
  expect(told()).toBe(0);
  absences.joined(process('c', 'web-2'));
  expect(told()).toBe(4);
  expect(state.kept.map(({ instance }) => instance)).toEqual(['a', 'c']);
});

test('a loss that no frame on disk tells of is kept for the next start', () => {
  const { absences, state } = setUp();
  absences.joined(process('a'));
  absences.left('a', { from: 100, to: 100 });
  absences.joined(process('b'));
  expect(state.kept.map(({ instance }) => instance).sort()).toEqual(['a', 'b']);
  const lost = absences.take();
  absences.joined(process('b'));
  expect(state.kept.map(({ instance }) => instance).sort()).toEqual(['a', 'b']);
  lost?.done();
  expect(state.kept.map(({ instance }) => instance)).toEqual(['b']);
});

test('a goodbye ends the watch; strangers are nobody’s loss', () => {
  const { absences, state, told } = setUp();
  absences.joined(process('a'));
  absences.parted('a', 0);
  absences.parted('z', 5);
  absences.left('z', { from: 1, to: null });
  absences.joined(process('b'));
  expect([told(), state.kept]).toEqual([0, [process('b')]]);
});

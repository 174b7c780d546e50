import { expect, test } from 'vitest';
import { seeded } from './testing.ts';
import { judge, NODATA_RESOLVES_MS, successRate, type AlertState, type Judgement, type PreviousState, type WindowTotals } from './transition.ts';

const RULE = { threshold: 0.95, minRequests: 20 };
const NOW = 1_000_000;

function totals(requests: number, app = 0, mesh = 0, client = 0): WindowTotals {
  return { requests, failuresApp: app, failuresMesh: mesh, failuresClient: client };
}

function was(state: AlertState, open: boolean, sinceMs = NOW - 10_000): PreviousState {
  return { state, open, sinceMs };
}

const CASES: readonly [name: string, seen: WindowTotals, quiet: boolean, previous: PreviousState | null, state: AlertState, transition: string][] = [
  ['a first healthy window is ok', totals(100), false, null, 'ok', 'none'],
  ['a first failing window opens', totals(100, 10), false, null, 'firing', 'opened'],
  ['a first window with too little traffic is nodata', totals(19, 19), false, null, 'nodata', 'none'],
  ['app and mesh faults add up', totals(100, 3, 3), false, was('ok', false), 'firing', 'opened'],
  ['the caller’s own cancels are no failures', totals(100, 0, 0, 50), false, was('ok', false), 'ok', 'none'],
  ['cancels do not make up the minimum of traffic', totals(100, 10, 0, 81), false, was('ok', false), 'ok', 'none'],
  ['exactly the threshold is ok', totals(100, 5), false, was('ok', false), 'ok', 'none'],
  ['just below the threshold fires', totals(1000, 51), false, was('ok', false), 'firing', 'opened'],
  ['exactly the minimum of traffic is an opinion', totals(20, 10), false, was('ok', false), 'firing', 'opened'],
  ['one request short of the minimum keeps ok', totals(19, 19), false, was('ok', false), 'ok', 'none'],
  ['one request short of the minimum keeps firing and its incident', totals(19), false, was('firing', true), 'firing', 'continued'],
  ['still failing keeps the one incident', totals(100, 10), false, was('firing', true), 'firing', 'continued'],
  ['back at the threshold resolves', totals(100, 5), false, was('firing', true), 'ok', 'resolved'],
  ['silence keeps an open incident', totals(0), true, was('firing', true), 'nodata', 'continued'],
  ['silence of a healthy rule is nodata', totals(0), true, was('ok', false), 'nodata', 'none'],
  ['an empty window that is not yet silence keeps the state', totals(0), false, was('ok', false), 'ok', 'none'],
  ['failing again after silence keeps the one incident', totals(100, 10), false, was('nodata', true), 'firing', 'continued'],
  ['healthy after silence resolves', totals(100), false, was('nodata', true), 'ok', 'resolved'],
  ['healthy after silence with nothing open is ok', totals(100), false, was('nodata', false), 'ok', 'none'],
  ['a day of silence resolves', totals(0), true, was('nodata', true, NOW - NODATA_RESOLVES_MS), 'nodata', 'resolved'],
  ['a moment less than a day of silence does not', totals(0), true, was('nodata', true, NOW - NODATA_RESOLVES_MS + 1), 'nodata', 'continued'],
  ['a firing state whose incident was closed opens no other without traffic to judge', totals(19, 19), false, was('firing', false), 'nodata', 'none'],
  ['a firing state whose incident was closed opens again when it still fails', totals(100, 10), false, was('firing', false), 'firing', 'opened'],
];

test.each(CASES)('%s', (_name, seen, quiet, previous, state, transition) => {
  const judgement = judge(RULE, { totals: seen, quiet, nowMs: NOW }, previous);
  expect([judgement.state, judgement.transition.kind]).toEqual([state, transition]);
});

test('since is the moment of the change and stays while the state stays', () => {
  const first = judge(RULE, { totals: totals(100, 10), quiet: false, nowMs: 5_000 }, was('ok', false, 1_000));
  expect(first.sinceMs).toBe(5_000);
  const second = judge(RULE, { totals: totals(100, 20), quiet: false, nowMs: 9_000 }, { state: first.state, sinceMs: first.sinceMs, open: true });
  expect(second.sinceMs).toBe(5_000);
});

test('a rate of n good out of 100 never falls short of the threshold n/100', () => {
  for (let good = 1; good <= 100; good += 1) {
    const threshold = Number((good / 100).toFixed(2));
    expect(judge({ threshold, minRequests: 1 }, { totals: totals(100, 100 - good), quiet: false, nowMs: NOW }, null).state).toBe('ok');
    if (good < 100) expect(judge({ threshold: Number(((good + 1) / 100).toFixed(2)), minRequests: 1 }, { totals: totals(100, 100 - good), quiet: false, nowMs: NOW }, null).state).toBe('firing');
  }
});

test('without a request that counts there is no rate', () => {
  expect(successRate(totals(0))).toBeNull();
  expect(successRate(totals(7, 0, 0, 7))).toBeNull();
});

function randomTotals(random: () => number): WindowTotals {
  const requests = random() < 0.2 ? 0 : Math.floor(random() * 60);
  const client = Math.floor(random() * requests * 0.3);
  const app = random() < 0.5 ? 0 : Math.floor(random() * (requests - client));
  return totals(requests, app, Math.floor(random() * (requests - client - app) * 0.1), client);
}

/** The incident's state after a judgement, as the evaluator would store it. */
function after(judgement: Judgement, open: boolean): PreviousState {
  const kind = judgement.transition.kind;
  return { state: judgement.state, sinceMs: judgement.sinceMs, open: kind === 'opened' || (kind === 'continued' && open) };
}

test('on random histories opens and resolves alternate, firing always has an incident, ok never has one', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = seeded(seed);
    let previous: PreviousState | null = null;
    let nowMs = 0;
    let balance = 0;
    for (let step = 0; step < 200; step += 1) {
      nowMs += random() < 0.01 ? NODATA_RESOLVES_MS : 10_000;
      const seen = randomTotals(random);
      const judgement: Judgement = judge(RULE, { totals: seen, quiet: seen.requests === 0 && random() < 0.5, nowMs }, previous);
      if (judgement.transition.kind === 'opened') balance += 1;
      if (judgement.transition.kind === 'resolved') balance -= 1;
      expect(balance === 0 || balance === 1, `seed ${String(seed)} step ${String(step)}`).toBe(true);
      previous = after(judgement, previous?.open ?? false);
      expect(previous.open).toBe(balance === 1);
      if (previous.state === 'firing') expect(previous.open).toBe(true);
      if (previous.state === 'ok') expect(previous.open).toBe(false);
    }
  }
});

test('judging the same window twice changes nothing', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = seeded(seed);
    const observation = { totals: randomTotals(random), quiet: false, nowMs: NOW };
    const first = judge(RULE, observation, was(random() < 0.5 ? 'ok' : 'nodata', false));
    const open = first.transition.kind === 'opened';
    const second = judge(RULE, observation, after(first, false));
    expect(second.state).toBe(first.state);
    expect(second.sinceMs).toBe(first.sinceMs);
    expect(second.transition.kind).toBe(open ? 'continued' : 'none');
  }
});

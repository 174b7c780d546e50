import { expect, test } from 'vitest';
import { seededRandom } from '../test/random.ts';
import type { BreakerPolicy } from '../wire/policy.ts';
import { Breaker, PROBE_US_MAX } from './breaker.ts';
import type { Outcome } from './outcome.ts';

const PENALTY = { penaltyMsMin: 1_000, penaltyMsMax: 60_000, jitter: 0.5 };
const CONSECUTIVE: BreakerPolicy = { kind: 'consecutive', failuresMax: 7, ...PENALTY };
const RATE: BreakerPolicy = { kind: 'success-rate', threshold: 0.8, windowMs: 10_000, requestsMin: 5, ...PENALTY };
const BEGIN_US = 5e12;
const S = 1e6;

/** One whole request at a time of seconds since the begin: `.` succeeds, `x` fails, `-` says nothing. */
function run(breaker: Breaker, outcomes: string, atS: number, random = 0): void {
  const nowUs = BEGIN_US + atS * S;
  for (const sign of outcomes) {
    breaker.started(nowUs);
    breaker.ended(nowUs, nowUs, sign === '.' ? 'success' : sign === 'x' ? 'failure' : 'neutral', random);
  }
}

const at = (seconds: number): number => BEGIN_US + seconds * S;

test.each([
  [CONSECUTIVE, 'xxxxxx', 'closed'],
  [CONSECUTIVE, 'xxxxxxx', 'open'],
  [CONSECUTIVE, 'xxxxxx.xxxxxx', 'closed'],
  [CONSECUTIVE, 'xxx-xxx-x', 'open'],
  [CONSECUTIVE, '..........xxxxxxx', 'open'],
  [RATE, 'xxxx', 'closed'],
  [RATE, 'xxxxx', 'open'],
  [RATE, '....x', 'closed'],
  [RATE, '...xx', 'open'],
  [RATE, '........xx', 'closed'],
  [RATE, '........xxx', 'open'],
  [RATE, '----xx', 'closed'],
] as const)('%o after %s is %s', (policy, outcomes, state) => {
  const breaker = new Breaker(policy);
  run(breaker, outcomes, 0);
  expect(breaker.state(at(0))).toBe(state);
  expect(breaker.admits(at(0))).toBe(state === 'closed');
});

test('failures that are older than the window don\'t count against the success rate', () => {
  const breaker = new Breaker(RATE);
  run(breaker, 'xxxx', 0);
  run(breaker, '.', 9);
  run(breaker, 'x', 10.5);
  expect(breaker.state(at(10.5))).toBe('closed');
  run(breaker, 'xxx', 11);
  expect(breaker.state(at(11))).toBe('open');
});

test('one request probes when the penalty is over, and its success closes the breaker', () => {
  const breaker = new Breaker(CONSECUTIVE);
  run(breaker, 'xxxxxxx', 0);
  expect(breaker.admits(at(0.99))).toBe(false);
  expect([breaker.state(at(1)), breaker.admits(at(1))]).toEqual(['probation', true]);
  breaker.started(at(1));
  expect(breaker.admits(at(1.2))).toBe(false);
  breaker.ended(at(1.5), at(1), 'success', 0);
  expect([breaker.state(at(1.5)), breaker.admits(at(1.5))]).toEqual(['closed', true]);
  run(breaker, 'xxxxxx', 2);
  expect(breaker.state(at(2))).toBe('closed');
});

test('the penalty doubles with each failed probe up to its greatest, and begins small again after a success', () => {
  const breaker = new Breaker(CONSECUTIVE);
  run(breaker, 'xxxxxxx', 0);
  let seconds = 0;
  for (const penalty of [1, 2, 4, 8, 16, 32, 60, 60, 60]) {
    expect(breaker.admits(at(seconds + penalty - 0.001))).toBe(false);
    seconds += penalty;
    expect(breaker.admits(at(seconds))).toBe(true);
    run(breaker, 'x', seconds);
  }
  run(breaker, '.', seconds + 60);
  run(breaker, 'xxxxxxx', seconds + 61);
  expect(breaker.admits(at(seconds + 62))).toBe(true);
});

test('jitter adds up to its share of the penalty', () => {
  const breaker = new Breaker(CONSECUTIVE);
  run(breaker, 'xxxxxxx', 0, 0.98);
  expect(breaker.admits(at(1.48))).toBe(false);
  expect(breaker.admits(at(1.5))).toBe(true);
});

test('requests that were under way when it opened neither close it nor open it again', () => {
  const breaker = new Breaker(CONSECUTIVE);
  run(breaker, 'xxxxxxx', 0);
  breaker.ended(at(0.5), at(-1), 'success', 0);
  expect(breaker.state(at(0.5))).toBe('open');
  breaker.ended(at(3), at(-1), 'failure', 0);
  expect(breaker.admits(at(3))).toBe(true);
});

test('a probe that says nothing makes room for another, and so does one that never ends', () => {
  const breaker = new Breaker(CONSECUTIVE);
  run(breaker, 'xxxxxxx', 0);
  breaker.started(at(1));
  breaker.ended(at(2), at(1), 'neutral', 0);
  expect(breaker.admits(at(2))).toBe(true);
  breaker.started(at(3));
  expect(breaker.admits(at(4))).toBe(false);
  expect(breaker.admits(at(3) + PROBE_US_MAX)).toBe(true);
});

const seeds = Array.from({ length: 40 }, (_, seed) => seed + 1);

test.each(seeds)('whatever happens, it opens only by its rule, admits one probe at a time and keeps its penalties (seed %i)', (seed) => {
  const random = seededRandom(seed);
  const policy = random() < 0.5 ? CONSECUTIVE : RATE;
  const breaker = new Breaker(policy);
  const failing = random();
  let nowUs = BEGIN_US;
  let running: { beganUs: number; probe: boolean }[] = [];
  let history: { atUs: number; outcome: Outcome }[] = [];
  let openedUs = -Infinity;
  for (let step = 0; step < 3_000; step++) {
    nowUs += random() * 0.3 * S;
    const before = breaker.state(nowUs);
    const { penalties } = breaker;
    if (breaker.admits(nowUs)) {
      const probe = before === 'probation';
      expect(probe && running.some((one) => one.probe && nowUs - one.beganUs < PROBE_US_MAX)).toBe(false);
      breaker.started(nowUs);
      running.push({ beganUs: nowUs, probe });
    }
    if (before === 'open') expect(breaker.admits(nowUs)).toBe(false);
    const [ended] = running.splice(Math.floor(random() * running.length), random() < 0.6 ? 1 : 0);
    if (ended === undefined) continue;
    const outcome: Outcome = random() < 0.1 ? 'neutral' : random() < failing ? 'failure' : 'success';
    breaker.ended(nowUs, ended.beganUs, outcome, random());
    if (before === 'closed' && outcome !== 'neutral') history.push({ atUs: nowUs, outcome });
    if (breaker.penalties > penalties) running = running.map((one) => ({ ...one, probe: false }));
    if (breaker.penalties > penalties && penalties === 0) {
      const recent = history.filter((one) => one.atUs > nowUs - 11 * S);
      const failures = recent.filter((one) => one.outcome === 'failure').length;
      if (policy.kind === 'consecutive') expect(history.slice(-7).every((one) => one.outcome === 'failure')).toBe(true);
      else expect(failures / recent.length).toBeGreaterThan(0.1);
      openedUs = nowUs;
    }
    if (breaker.penalties === 0 && penalties > 0) {
      expect([ended.probe, outcome]).toEqual([true, 'success']);
      expect(nowUs - openedUs).toBeGreaterThanOrEqual(PENALTY.penaltyMsMin * 1000);
      history = [];
      running = running.map((one) => ({ ...one, probe: false }));
    }
  }
});

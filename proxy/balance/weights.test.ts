import { expect, test } from 'vitest';
import { seededRandom } from '../test/random.ts';
import type { Endpoint } from '../wire/orders.ts';
import { createBalancer } from './p2c.ts';
import { WeightedChoice } from './weights.ts';
import { spillShare } from './zones.ts';

const endpoint = (at: number, more: Partial<Endpoint> = {}): Endpoint => ({
  address: { host: '127.0.0.1', port: 9000 + at }, workload: 'shop/host/cart', instance: `cart-${at}`, mesh: null, ...more,
});

test.each([
  [[1, 1, 1, 1]],
  [[1, 2, 3, 4]],
  [[5]],
  [[0.5, 100, 0.5]],
])('places are chosen by weights %j', (weights) => {
  const choice = new WeightedChoice(weights);
  const random = seededRandom(11);
  const counts = weights.map(() => 0);
  const draws = 40_000;
  for (let turn = 0; turn < draws; turn++) {
    const at = choice.pick(random());
    counts[at] = (counts[at] ?? 0) + 1;
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  for (const [at, weight] of weights.entries()) expect(Math.abs((counts[at] ?? 0) / draws - weight / total)).toBeLessThan(0.01);
});

test('the ends of the range are places too, and no weights are no place', () => {
  const choice = new WeightedChoice([1, 2]);
  expect([choice.pick(0), choice.pick(1 - 2 ** -53)]).toEqual([0, 1]);
  expect(new WeightedChoice([]).pick(0.5)).toBe(-1);
});

test.each([
  [0, 4, 0], [3.9, 4, 0], [4, 4, 0], [7, 4, 0.5], [10, 4, 1], [99, 4, 1], [1, 0, 1],
])('at %s requests in flight per endpoint and spill %s the share that leaves the zone is %s', (load, spill, share) => {
  expect(spillShare(load, spill)).toBe(share);
});

/** Requests of a fixed length at a fixed rate; returns how many each endpoint got. */
function shares(endpoints: readonly Endpoint[], zone: string | null, concurrent: number, dead: ReadonlySet<number> = new Set()): number[] {
  const balancer = createBalancer();
  balancer.configure({ zone, policy: { spill: 4 } });
  balancer.update(endpoints);
  const random = seededRandom(5);
  const counts = endpoints.map(() => 0);
  const running: { endUs: number; candidate: NonNullable<ReturnType<typeof balancer.pick>> }[] = [];
  const lengthUs = 20_000;
  for (let turn = 0; turn < 20_000; turn++) {
    const nowUs = 5e12 + (turn * lengthUs) / concurrent;
    while (running[0] !== undefined && running[0].endUs <= nowUs) {
      const ended = running.shift();
      if (ended) balancer.finished(ended.candidate, nowUs, lengthUs, false);
    }
    const candidate = balancer.pick(nowUs, random, null);
    if (candidate === null) continue;
    const at = candidate.endpoint.address.port - 9000;
    balancer.started(candidate, nowUs);
    if (dead.has(at)) balancer.finished(candidate, nowUs, -1, true);
    else {
      counts[at] = (counts[at] ?? 0) + 1;
      running.push({ endUs: nowUs + lengthUs, candidate });
    }
  }
  return counts.map((count) => count / counts.reduce((sum, one) => sum + one, 0));
}

test.each([8, 30])('an endpoint of weight 3 gets three times as much as one of weight 1 at %s requests in flight', (concurrent) => {
  const [one = 0, three = 0] = shares([endpoint(0), endpoint(1, { weight: 3 })], null, concurrent);
  expect(three / one).toBeGreaterThan(2);
  expect(three / one).toBeLessThan(4.2);
});

const ZONES = [endpoint(0, { zone: 'a' }), endpoint(1, { zone: 'a' }), endpoint(2, { zone: 'b' }), endpoint(3, { zone: 'c' })];

test('requests stay in their zone while it has little to do', () => {
  const [a = 0, b = 0, c = 0, d = 0] = shares(ZONES, 'a', 4);
  expect(c + d).toBeLessThan(0.02);
  expect(Math.abs(a - b)).toBeLessThan(0.1);
});

test('requests spill over by load, and at much load zones make no difference', () => {
  const some = shares(ZONES, 'a', 12).slice(2).reduce((sum, share) => sum + share, 0);
  const much = shares(ZONES, 'a', 80);
  expect(some).toBeGreaterThan(0.02);
  expect(some).toBeLessThan(0.3);
  for (const share of much) expect(Math.abs(share - 0.25)).toBeLessThan(0.1);
});

test('when nothing in the zone can be reached the other zones serve, and so they do for a zone without endpoints', () => {
  const [a = 0, b = 0, c = 0, d = 0] = shares(ZONES, 'a', 4, new Set([0, 1]));
  expect([a, b]).toEqual([0, 0]);
  expect(c + d).toBe(1);
  for (const share of shares(ZONES, 'elsewhere', 4)) expect(share).toBeGreaterThan(0.15);
});

test('a changed zone or weight takes effect without losing what is known of the endpoint', () => {
  const balancer = createBalancer();
  balancer.configure({ zone: 'a', policy: {} });
  balancer.update(ZONES);
  const random = seededRandom(3);
  const first = balancer.pick(0, random, null);
  expect(first?.endpoint.zone).toBe('a');
  balancer.update(ZONES.map((one) => ({ ...one, zone: one.zone === 'a' ? 'b' : 'a' })));
  for (let turn = 0; turn < 50; turn++) expect(balancer.pick(turn, random, null)?.endpoint.address.port).toBeGreaterThan(9001);
  expect(first?.endpoint.zone).toBe('b');
});

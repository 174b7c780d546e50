import { expect, test } from 'vitest';
import { seededRandom } from '../test/random.ts';
import type { BalancerPolicy } from '../wire/policy.ts';
import { ours, roundRobin } from './choices.ts';
import type { EndpointModel, Spell } from './endpoint.ts';
import { Events } from './events.ts';
import { asOrders, quantileMs, simulate, type SimulationResult } from './simulation.ts';

const SEEDS = [1, 2, 3];
const PENALTY = { penaltyMsMin: 1_000, penaltyMsMax: 60_000, jitter: 0.5 };
const CONSECUTIVE: BalancerPolicy = { breaker: { kind: 'consecutive', failuresMax: 7, ...PENALTY } };
const RATE: BalancerPolicy = { breaker: { kind: 'success-rate', threshold: 0.8, windowMs: 10_000, requestsMin: 5, ...PENALTY } };
const ALWAYS = { fromUs: 0, toUs: Infinity };
const S = 1e6;

const fast = (spells: readonly Spell[] = []): EndpointModel => ({ workers: 8, serviceUs: 10_000, spells });

interface Compared {
  readonly own: SimulationResult;
  readonly robin: SimulationResult;
}

/** The same load on the same endpoints, chosen by us and by turns. */
function compare(endpoints: readonly EndpointModel[], seed: number, policy: BalancerPolicy = {}, requestsPerSecond = 600, zone: string | null = null): Compared {
  const run = (choose: (random: () => number) => ReturnType<typeof roundRobin>): SimulationResult => {
    const random = seededRandom(seed);
    return simulate({ endpoints, requestsPerSecond, seconds: 30, random, choice: choose(random) });
  };
  return { own: run((random) => ours(asOrders(endpoints), zone, policy, random)), robin: run(() => roundRobin(endpoints.length)) };
}

test('events happen in the order of their time, and of their making where that is the same', () => {
  const events = new Events();
  const random = seededRandom(4);
  const happened: number[] = [];
  for (let put = 0; put < 500; put++) {
    const at = Math.floor(random() * 50);
    events.at(at, (nowUs) => void happened.push(nowUs * 1_000 + put));
  }
  events.run();
  expect(happened).toEqual([...happened].sort((a, b) => a - b));
  expect(happened).toHaveLength(500);
});

test('a seed gives the same run again', () => {
  const endpoints = [fast(), fast([{ ...ALWAYS, failing: 0.3 }])];
  expect(compare(endpoints, 7, CONSECUTIVE)).toEqual(compare(endpoints, 7, CONSECUTIVE));
});

test.each(SEEDS)('equal endpoints: nobody waits longer than by turns (seed %i)', (seed) => {
  const { own, robin } = compare([fast(), fast(), fast(), fast()], seed);
  expect(quantileMs(own, 0.99)).toBeLessThan(1.15 * quantileMs(robin, 0.99));
  for (const share of own.shares) expect(Math.abs(share - 0.25)).toBeLessThan(0.12);
});

test.each(SEEDS)('one endpoint ten times slower: the 99th percentile is at most a third of that by turns (seed %i)', (seed) => {
  const { own, robin } = compare([fast(), fast(), fast(), fast([{ ...ALWAYS, slower: 10 }])], seed);
  expect(quantileMs(own, 0.99)).toBeLessThan(quantileMs(robin, 0.99) / 3);
  expect(own.shares[3]).toBeLessThan(0.1);
});

test.each(SEEDS)('one endpoint stands still for two seconds: at most a fifth as many requests as by turns wait for it (seed %i)', (seed) => {
  const { own, robin } = compare([fast(), fast(), fast(), fast([{ fromUs: 10 * S, toUs: 12 * S, stalled: true }])], seed);
  const late = ({ latenciesUs }: SimulationResult): number => latenciesUs.filter((latency) => latency > 0.2 * S).length;
  expect(late(robin)).toBeGreaterThan(200);
  expect(late(own)).toBeLessThan(late(robin) / 5);
});

test.each(SEEDS)('one endpoint takes no connections for ten seconds: at most a fiftieth of the failures by turns (seed %i)', (seed) => {
  const { own, robin } = compare([fast(), fast(), fast(), fast([{ fromUs: 5 * S, toUs: 15 * S, away: true }])], seed);
  expect(robin.failed).toBeGreaterThan(1_000);
  expect(own.failed).toBeLessThan(robin.failed / 50);
  // It is found again and gets its share of what is left.
  expect(own.shares[3]).toBeGreaterThan(0.08);
});

test.each(SEEDS)('one endpoint fails every request, fast: without a breaker latency alone is drawn to it, with one next to none fail (seed %i)', (seed) => {
  const endpoints = [fast(), fast(), fast(), fast([{ ...ALWAYS, failing: 1 }])];
  const bare = compare(endpoints, seed);
  const guarded = compare(endpoints, seed, CONSECUTIVE);
  expect(bare.own.failed).toBeGreaterThan(bare.robin.failed);
  expect(guarded.own.failed).toBeLessThan(guarded.robin.failed / 100);
});

test.each(SEEDS)('one endpoint fails three in ten requests: seven in a row are rare, the success rate finds it (seed %i)', (seed) => {
  const endpoints = [fast(), fast(), fast(), fast([{ ...ALWAYS, failing: 0.3 }])];
  const { own, robin } = compare(endpoints, seed, RATE);
  expect(own.failed).toBeLessThan(robin.failed / 10);
  expect(own.failed).toBeLessThan(compare(endpoints, seed, CONSECUTIVE).own.failed / 3);
});

test.each(SEEDS)('an endpoint that is well again serves again within a minute\'s penalty, and its breaker stays shut (seed %i)', (seed) => {
  const { own } = compare([fast(), fast(), fast(), fast([{ fromUs: 2 * S, toUs: 6 * S, failing: 1 }])], seed, CONSECUTIVE);
  expect(own.shares[3]).toBeGreaterThan(0.15);
  expect(own.failed).toBeLessThan(30);
});

test.each(SEEDS)('when all fail, probes go on and requests are turned away instead of piling up (seed %i)', (seed) => {
  const broken = fast([{ fromUs: 5 * S, toUs: 10 * S, failing: 1 }]);
  const { own, robin } = compare([broken, broken], seed, CONSECUTIVE);
  expect(own.failed).toBeLessThan(robin.failed / 20);
  expect(own.unserved).toBeGreaterThan(1_000);
  // Well again at 10 s: by the penalties' lengths the last probe comes within some seconds.
  expect(own.unserved).toBeLessThan(600 * 15);
});

test.each(SEEDS)('an endpoint with a quarter of the workers and of the weight does a quarter of the work (seed %i)', (seed) => {
  const endpoints: EndpointModel[] = [{ ...fast(), workers: 8, weight: 4 }, { ...fast(), workers: 2, weight: 1 }];
  const { own, robin } = compare(endpoints, seed, {}, 700);
  expect(own.shares[1]).toBeGreaterThan(0.12);
  expect(own.shares[1]).toBeLessThan(0.28);
  expect(quantileMs(own, 0.99)).toBeLessThan(quantileMs(robin, 0.99) / 5);
});

test.each(SEEDS)('traffic stays in its zone until the zone has too much to do, and then nobody queues there (seed %i)', (seed) => {
  const zones = ['a', 'a', 'b', 'b'].map((zone): EndpointModel => ({ workers: 8, serviceUs: 10_000, zone }));
  const little = compare(zones, seed, {}, 200, 'a').own;
  expect((little.shares[2] ?? 0) + (little.shares[3] ?? 0)).toBeLessThan(0.02);
  const much = compare(zones, seed, {}, 2_400, 'a').own;
  expect((much.shares[2] ?? 0) + (much.shares[3] ?? 0)).toBeGreaterThan(0.25);
  expect(quantileMs(much, 0.99)).toBeLessThan(150);
});

import { expect, test } from 'vitest';
import type { Endpoint } from '../wire/orders.ts';
import { seededRandom } from '../test/random.ts';
import type { Balancer, Candidate } from './balancer.ts';
import { AVOID_US_MAX, AVOID_US_MIN } from './member.ts';
import { createBalancer } from './p2c.ts';

function endpoints(count: number): Endpoint[] {
  return Array.from({ length: count }, (_, at) => ({
    address: { host: '127.0.0.1', port: 9000 + at },
    workload: 'shop/host/cart',
    instance: `cart-${at}`,
    mesh: null,
  }));
}

function balancerOf(count: number): Balancer {
  const balancer = createBalancer();
  balancer.update(endpoints(count));
  return balancer;
}

/** What one simulated endpoint does with a request begun at `nowUs`: its latency, or −1 for no connection. */
type Behaviour = (nowUs: number, random: () => number) => number;

interface Simulation {
  readonly counts: number[];
  /** Begin of each request per endpoint in µs. */
  readonly begins: number[][];
}

/** Open loop: a request every `gapUs`, each ending after its latency; unreachable ones end 1 ms later. */
function simulate(balancer: Balancer, behaviours: readonly Behaviour[], requests: number, gapUs: number, seed: number): Simulation {
  const random = seededRandom(seed);
  const begins = behaviours.map((): number[] => []);
  const running: { endUs: number; candidate: Candidate; latencyUs: number }[] = [];
  for (let request = 0; request < requests; request++) {
    const nowUs = 5e12 + request * gapUs;
    running.sort((a, b) => a.endUs - b.endUs);
    while (running[0] && running[0].endUs <= nowUs) {
      const ended = running.shift();
      if (ended) balancer.finished(ended.candidate, ended.endUs, ended.latencyUs, ended.latencyUs < 0);
    }
    const candidate = balancer.pick(nowUs, random, null);
    if (!candidate) throw new Error('no candidate');
    const at = candidate.endpoint.address.port - 9000;
    begins[at]?.push(nowUs);
    const latencyUs = behaviours[at]?.(nowUs, random) ?? 0;
    balancer.started(candidate, nowUs);
    running.push({ endUs: nowUs + (latencyUs < 0 ? 1_000 : latencyUs), candidate, latencyUs });
  }
  return { counts: begins.map((list) => list.length), begins };
}

const around = (meanUs: number): Behaviour => (_, random) => meanUs * (0.5 + random());
const hangs: Behaviour = () => 3_600e6;
const dead: Behaviour = () => -1;
const seeds = [1, 2, 3, 4, 5];

test('an empty balancer picks nothing', () => {
  expect(createBalancer().pick(0, Math.random, null)).toBeNull();
  expect(createBalancer().size).toBe(0);
});

test('the only endpoint is picked unless it was tried already', () => {
  const balancer = balancerOf(1);
  const only = balancer.pick(0, () => 0.99, null);
  expect(only?.endpoint.instance).toBe('cart-0');
  expect(balancer.pick(0, () => 0, only)).toBeNull();
});

test.each(seeds)('an excluded endpoint is never picked and all the others are (seed %i)', (seed) => {
  const balancer = balancerOf(5);
  const random = seededRandom(seed);
  const excluded = balancer.pick(0, random, null);
  const seen = new Set<Candidate | null>();
  for (let turn = 0; turn < 500; turn++) seen.add(balancer.pick(0, random, excluded));
  expect(seen.has(excluded)).toBe(false);
  expect(seen.size).toBe(4);
});

test.each(seeds)('equal endpoints get equal shares (seed %i)', (seed) => {
  const { counts } = simulate(balancerOf(4), Array(4).fill(around(5_000)), 20_000, 500, seed);
  for (const count of counts) expect(count / 5_000).toBeGreaterThan(0.75);
  for (const count of counts) expect(count / 5_000).toBeLessThan(1.25);
});

test.each(seeds)('a slow endpoint among fast ones gets far fewer requests, but is not forgotten (seed %i)', (seed) => {
  const behaviours = [around(5_000), around(5_000), around(5_000), around(500_000)];
  const { counts } = simulate(balancerOf(4), behaviours, 60_000, 2_000, seed);
  expect(counts[3]).toBeLessThan(60_000 * 0.02);
  expect(counts[3]).toBeGreaterThan(0);
});

test.each(seeds)('an endpoint that hangs is left by its load alone, before it ever answered (seed %i)', (seed) => {
  const { counts } = simulate(balancerOf(3), [around(5_000), around(5_000), hangs], 20_000, 1_000, seed);
  expect(counts[2]).toBeLessThan(20_000 * 0.02);
});

test.each(seeds)('an unreachable endpoint is left out and probed by single requests, ever more seldom (seed %i)', (seed) => {
  const { begins } = simulate(balancerOf(3), [around(5_000), around(5_000), dead], 100_000, 1_000, seed);
  const probes = begins[2] ?? [];
  expect(probes.length).toBeGreaterThanOrEqual(3);
  expect(probes.length).toBeLessThanOrEqual(12);
  const gaps = probes.slice(1).map((at, before) => at - (probes[before] ?? 0)).filter((gap) => gap > 10_000);
  for (const [at, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual(Math.min(AVOID_US_MIN * 2 ** at, AVOID_US_MAX) - 1_000);
});

test.each(seeds)('a mended endpoint gets its share again (seed %i)', (seed) => {
  const mendsUs = 5e12 + 20e6;
  const mended: Behaviour = (nowUs, random) => (nowUs < mendsUs ? -1 : around(5_000)(nowUs, random));
  const { begins } = simulate(balancerOf(3), [around(5_000), around(5_000), mended], 150_000, 1_000, seed);
  const late = (begins[2] ?? []).filter((at) => at > 5e12 + 120e6).length;
  expect(late / 10_000).toBeGreaterThan(0.7);
});

test('when most endpoints are unreachable the reachable one is still found', () => {
  const balancer = balancerOf(10);
  const random = seededRandom(7);
  for (let turn = 0; turn < 400; turn++) {
    const candidate = balancer.pick(1_000, random, null);
    if (!candidate || candidate.endpoint.instance === 'cart-4') continue;
    balancer.started(candidate, 1_000);
    balancer.finished(candidate, 1_000, -1, true);
  }
  for (let turn = 0; turn < 100; turn++) expect(balancer.pick(2_000, random, null)?.endpoint.instance).toBe('cart-4');
});

test('when all are unreachable one is picked all the same', () => {
  const balancer = balancerOf(2);
  for (let turn = 0; turn < 50; turn++) {
    const candidate = balancer.pick(turn, seededRandom(turn), null);
    expect(candidate).not.toBeNull();
    if (candidate) balancer.finished(candidate, turn, -1, true);
  }
});

test('a caller that went away says nothing about the endpoint', () => {
  const balancer = balancerOf(2);
  const first = balancer.pick(0, () => 0, null);
  const second = balancer.pick(0, () => 0, first);
  if (!first || !second) throw new Error('no candidate');
  for (const one of [first, second]) {
    balancer.started(one, 0);
    balancer.finished(one, 0, 5_000, false);
  }
  balancer.started(first, 0);
  balancer.finished(first, 1_000, -1, false);
  expect(balancer.pick(1_000, () => 0, null)).toBe(first);
});

test('an endpoint that nobody tried gets a request at once, and a second one only when it answered', () => {
  const balancer = balancerOf(1);
  const random = seededRandom(9);
  const known = balancer.pick(0, random, null);
  if (!known) throw new Error('no candidate');
  balancer.started(known, 0);
  balancer.finished(known, 0, 500, false);
  balancer.update(endpoints(2));
  const fresh = balancer.pick(1_000, random, null);
  if (!fresh) throw new Error('no candidate');
  expect(fresh).not.toBe(known);
  balancer.started(fresh, 1_000);
  for (let turn = 0; turn < 50; turn++) expect(balancer.pick(1_000 + turn, random, null)).toBe(known);
  balancer.finished(fresh, 2_000, 400, false);
  expect(new Set(Array.from({ length: 50 }, () => balancer.pick(2_000, random, null))).has(fresh)).toBe(true);
});

test('an answer to what began before an endpoint went away doesn\'t bring it back', () => {
  const balancer = balancerOf(2);
  const random = seededRandom(2);
  const gone = balancer.pick(0, random, null);
  if (!gone) throw new Error('no candidate');
  for (const beganUs of [1_000, 2_000]) balancer.started(gone, beganUs);
  balancer.finished(gone, 3_000, -1, true, { outcome: 'neutral', beganUs: 2_000, random: 0 });
  balancer.finished(gone, 4_000, 3_000, false, { outcome: 'success', beganUs: 1_000, random: 0 });
  for (let turn = 0; turn < 50; turn++) expect(balancer.pick(5_000, random, null)).not.toBe(gone);
  balancer.started(gone, AVOID_US_MIN + 10_000);
  balancer.finished(gone, AVOID_US_MIN + 11_000, 1_000, false, { outcome: 'success', beganUs: AVOID_US_MIN + 10_000, random: 0 });
  expect(balancer.states(AVOID_US_MIN + 11_000)).toEqual({ ready: 2, unreachable: 0, tripped: 0 });
});

test('an update keeps what was learned of those that stay', () => {
  const balancer = balancerOf(2);
  const slow = balancer.pick(0, () => 0, null);
  if (!slow) throw new Error('no candidate');
  balancer.started(slow, 0);
  balancer.finished(slow, 10, 5_000_000, false);
  balancer.update(endpoints(3));
  expect(balancer.size).toBe(3);
  const random = seededRandom(3);
  for (let turn = 0; turn < 200; turn++) expect(balancer.pick(20, random, null)).not.toBe(slow);
});

/**
 * Power of two choices over peak EWMA: of two endpoints chosen at random by weight the one with less latency × load gets
 * the request. An endpoint that can't be reached is left out for a while and then probed by one request at a time, and so
 * is one whose breaker opened. Endpoints of the own zone come first until they have too much to do. Pure.
 */
import type { Endpoint } from '../wire/orders.ts';
import type { BreakerPolicy } from '../wire/policy.ts';
import { POLICY_DEFAULTS } from '../wire/policy.ts';
import type { AttemptReport, Balancer, BalancerSettings, Candidate, EndpointStates } from './balancer.ts';
import { reconcile } from './endpoints.ts';
import { Member, better } from './member.ts';
import { WeightedChoice } from './weights.ts';
import { spillShare } from './zones.ts';

/** When both choices are left out, at most so many others are looked at. */
export const SCAN_MAX = 64;
/** How often the ready endpoints of the own zone are weighed: a look at each of 10,000 takes longer than a request. */
const WEIGH_US = 20_000;
/** Draws that meet an excluded endpoint again and again end in a look at its neighbours. */
const DRAWS_MAX = 4;

/** Endpoints that one choice is made among. */
interface Group {
  readonly members: readonly Member[];
  readonly choice: WeightedChoice;
}

const NO_REPORT: AttemptReport = { outcome: 'neutral', beganUs: Infinity, random: 0 };
const EMPTY: Group = { members: [], choice: new WeightedChoice([]) };

class PeakEwmaBalancer implements Balancer {
  #all: Group = EMPTY;
  /** Those of the own zone; null when that is all or none of them. */
  #near: Group | null = null;
  #nearPending = 0;
  /** Of those that are ready, as of a moment ago. */
  #nearWeight = 0;
  #nearWeighedUs = -Infinity;
  #settings: BalancerSettings = { zone: null, policy: {} };

  get size(): number {
    return this.#all.members.length;
  }

  update(endpoints: readonly Endpoint[]): void {
    const before = this.#all.members;
    const members = reconcile(before, endpoints, (endpoint) => this.#create(endpoint));
    for (const member of before) member.listed = false;
    for (const member of members) member.listed = true;
    this.#regroup(members);
  }

  configure(settings: BalancerSettings): void {
    const same = JSON.stringify(settings.policy.breaker) === JSON.stringify(this.#settings.policy.breaker);
    this.#settings = settings;
    if (!same) for (const member of this.#all.members) member.guard(this.#breaker);
    this.#regroup(this.#all.members);
  }

  pick(nowUs: number, random: () => number, exclude: Candidate | null): Candidate | null {
    const near = this.#near;
    if (near !== null && !this.#spills(near, nowUs, random)) {
      const chosen = pickFrom(near, nowUs, random, exclude);
      if (chosen?.fitness(nowUs) === 'ready') return chosen;
    }
    const chosen = pickFrom(this.#all, nowUs, random, exclude);
    return chosen?.fitness(nowUs) === 'tripped' ? null : chosen;
  }

  started(candidate: Candidate, nowUs: number): void {
    const member = candidate as Member;
    member.started(nowUs);
    if (member.listed && member.near) this.#nearPending += 1;
  }

  finished(candidate: Candidate, nowUs: number, latencyUs: number, failed: boolean, report: AttemptReport = NO_REPORT): void {
    const member = candidate as Member;
    if (member.listed && member.near && member.pending > 0) this.#nearPending -= 1;
    member.finished(nowUs, latencyUs, failed, report);
  }

  eject(candidate: Candidate, nowUs: number): void {
    (candidate as Member).eject(nowUs);
  }

  ready(nowUs: number): boolean {
    return this.#all.members.some((member) => member.fitness(nowUs) === 'ready');
  }

  states(nowUs: number): EndpointStates {
    let [ready, unreachable, tripped] = [0, 0, 0];
    for (const member of this.#all.members) {
      const fitness = member.fitness(nowUs);
      if (fitness === 'ready') ready += 1;
      else if (fitness === 'avoided') unreachable += 1;
      else tripped += 1;
    }
    return { ready, unreachable, tripped };
  }

  get #breaker(): BreakerPolicy | undefined {
    return this.#settings.policy.breaker;
  }

  #create(endpoint: Endpoint): Member {
    const member = new Member(endpoint);
    member.guard(this.#breaker);
    return member;
  }

  #regroup(members: readonly Member[]): void {
    const { zone } = this.#settings;
    for (const member of members) member.near = zone === null || member.endpoint.zone === zone;
    const near = members.filter((member) => member.near);
    this.#all = groupOf(members);
    this.#near = near.length === 0 || near.length === members.length ? null : groupOf(near);
    this.#nearWeighedUs = -Infinity;
    this.#nearPending = near.reduce((sum, member) => sum + member.pending, 0);
  }

  /** The own zone has too much to do for this request. */
  #spills({ members }: Group, nowUs: number, random: () => number): boolean {
    const spill = this.#settings.policy.spill ?? POLICY_DEFAULTS.spill;
    // Most of the time this says no without a look at each of them.
    if (this.#nearPending < spill) return false;
    if (nowUs - this.#nearWeighedUs >= WEIGH_US) this.#weigh(members, nowUs);
    const share = this.#nearWeight === 0 ? 1 : spillShare(this.#nearPending / this.#nearWeight, spill);
    return share > 0 && random() < share;
  }

  #weigh(members: readonly Member[], nowUs: number): void {
    this.#nearWeighedUs = nowUs;
    this.#nearWeight = 0;
    for (const member of members) if (member.fitness(nowUs) === 'ready') this.#nearWeight += member.weight;
  }
}

function groupOf(members: readonly Member[]): Group {
  return { members, choice: new WeightedChoice(members.map((member) => member.weight)) };
}

function pickFrom(group: Group, nowUs: number, random: () => number, exclude: Candidate | null): Member | null {
  const a = draw(group, random, exclude, null);
  if (a === null) return null;
  const b = draw(group, random, exclude, a);
  const chosen = b === null ? a : better(a, b, nowUs);
  return chosen.fitness(nowUs) === 'ready' ? chosen : scan(group, chosen, exclude, nowUs, random);
}

/** One at random that is neither of the two. */
function draw({ members, choice }: Group, random: () => number, exclude: Candidate | null, other: Candidate | null): Member | null {
  let at = 0;
  for (let tries = 0; tries < DRAWS_MAX; tries++) {
    at = choice.pick(random());
    const member = members[at];
    if (member !== undefined && member !== exclude && member !== other) return member;
  }
  for (let step = 1; step <= Math.min(members.length, 3); step++) {
    const member = members[(at + step) % members.length];
    if (member !== undefined && member !== exclude && member !== other) return member;
  }
  return null;
}

/** The best of the rest, from a random place on; the chosen one when all are left out. */
function scan({ members }: Group, chosen: Member, exclude: Candidate | null, nowUs: number, random: () => number): Member {
  let best = chosen;
  const from = Math.floor(random() * members.length);
  for (let step = 0; step < Math.min(members.length, SCAN_MAX); step++) {
    const member = members[(from + step) % members.length];
    if (member !== undefined && member !== exclude) best = better(best, member, nowUs);
  }
  return best;
}

/** A balancer without endpoints; `update` gives it some. */
export function createBalancer(): Balancer {
  return new PeakEwmaBalancer();
}

/**
 * Power of two choices over peak EWMA: of two endpoints chosen at random the one with less latency × load gets the
 * request. An endpoint that can't be reached is left out for a while and then probed by one request at a time. Pure.
 */
import type { Endpoint } from '../wire/orders.ts';
import type { Balancer, Candidate } from './balancer.ts';
import { createEstimate, estimateAt, NOT_USED, observe, type Estimate } from './ewma.ts';
import { reconcile } from './endpoints.ts';

/** Left out after the first failure to connect; doubles with each further one. */
export const AVOID_US_MIN = 1_000_000;
/** And at most this long, so that a mended endpoint is found within a minute. */
export const AVOID_US_MAX = 60_000_000;
/** When both choices are left out, at most so many others are looked at. */
export const SCAN_MAX = 64;

interface Member extends Candidate {
  readonly estimate: Estimate;
  /** Requests under way. */
  pending: number;
  /** Failures to connect or verify since the last answer. */
  failures: number;
  avoidUntilUs: number;
}

/** Left out, or on probation with its probe under way. */
function avoided(member: Member, nowUs: number): boolean {
  return member.failures > 0 && (nowUs < member.avoidUntilUs || member.pending > 0);
}

function cheaper(a: Member, b: Member, nowUs: number): Member {
  const aAvoided = avoided(a, nowUs);
  if (aAvoided !== avoided(b, nowUs)) return aAvoided ? b : a;
  const costA = estimateAt(a.estimate, nowUs) * (a.pending + 1);
  const costB = estimateAt(b.estimate, nowUs) * (b.pending + 1);
  return costA <= costB ? a : b;
}

class PeakEwmaBalancer implements Balancer {
  #members: Member[] = [];
  #index = new Map<Candidate, number>();

  get size(): number {
    return this.#members.length;
  }

  update(endpoints: readonly Endpoint[]): void {
    this.#members = reconcile(this.#members, endpoints, (endpoint) => ({
      endpoint,
      estimate: createEstimate(),
      pending: 0,
      failures: 0,
      avoidUntilUs: 0,
    }));
    this.#index = new Map(this.#members.map((member, at) => [member, at]));
  }

  pick(nowUs: number, random: () => number, exclude: Candidate | null): Candidate | null {
    const excluded = exclude === null ? undefined : this.#index.get(exclude);
    const count = this.#members.length - (excluded === undefined ? 0 : 1);
    if (count <= 0) return null;
    const first = Math.floor(random() * count);
    const a = this.#nth(first, excluded);
    if (a === null || count === 1) return a;
    const second = Math.floor(random() * (count - 1));
    const b = this.#nth(second >= first ? second + 1 : second, excluded);
    if (b === null) return a;
    const chosen = cheaper(a, b, nowUs);
    return avoided(chosen, nowUs) ? this.#scan(chosen, first, excluded, nowUs) : chosen;
  }

  started(candidate: Candidate, nowUs: number): void {
    const member = candidate as Member;
    member.pending += 1;
    if (member.estimate.atUs === NOT_USED) member.estimate.atUs = nowUs;
  }

  finished(candidate: Candidate, nowUs: number, latencyUs: number, failed: boolean): void {
    const member = candidate as Member;
    member.pending = Math.max(0, member.pending - 1);
    if (latencyUs >= 0) {
      observe(member.estimate, nowUs, latencyUs);
      member.failures = 0;
    } else if (failed && nowUs >= member.avoidUntilUs) {
      // Requests that fail together are one failure, not a row of them: hence the condition.
      member.avoidUntilUs = nowUs + Math.min(AVOID_US_MIN * 2 ** member.failures, AVOID_US_MAX);
      member.failures += 1;
    }
  }

  /** The n-th member when the excluded one isn't counted. */
  #nth(n: number, excluded: number | undefined): Member | null {
    return this.#members[excluded !== undefined && n >= excluded ? n + 1 : n] ?? null;
  }

  /** The best of the rest, from a random place on; the chosen one when all are left out. */
  #scan(chosen: Member, from: number, excluded: number | undefined, nowUs: number): Member {
    let best = chosen;
    const total = this.#members.length;
    for (let step = 1; step <= Math.min(total, SCAN_MAX); step++) {
      const at = (from + step) % total;
      const member = at === excluded ? undefined : this.#members[at];
      if (member !== undefined) best = cheaper(best, member, nowUs);
    }
    return best;
  }
}

/** A balancer without endpoints; `update` gives it some. */
export function createBalancer(): Balancer {
  return new PeakEwmaBalancer();
}

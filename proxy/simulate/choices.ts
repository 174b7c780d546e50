/** Ways to choose an endpoint, ours and those that it is held against. Pure. */
import type { Outcome } from '../balance/outcome.ts';
import { createBalancer } from '../balance/p2c.ts';
import type { Endpoint } from '../wire/orders.ts';
import type { BalancerPolicy } from '../wire/policy.ts';
import type { Served } from './endpoint.ts';

/** Chooses for one request; `ended` tells it how that went. Null: none is fit. */
export interface Choice {
  begin(nowUs: number): Begun | null;
}

export interface Begun {
  /** Its number in the list of endpoints. */
  readonly at: number;
  ended(nowUs: number, served: Served): void;
}

/** One after the other, as a load balancer without eyes does. */
export function roundRobin(count: number): Choice {
  let turn = 0;
  return { begin: () => ({ at: turn++ % count, ended: () => undefined }) };
}

const OUTCOMES: Readonly<Record<Served, Outcome>> = { ok: 'success', failed: 'failure', unreachable: 'neutral' };

/** The proxy's own balancer. */
export function ours(endpoints: readonly Endpoint[], zone: string | null, policy: BalancerPolicy, random: () => number): Choice {
  const balancer = createBalancer();
  balancer.configure({ zone, policy });
  balancer.update(endpoints);
  const places = new Map(endpoints.map((endpoint, at) => [endpoint.instance, at]));
  return {
    begin(beganUs) {
      const candidate = balancer.pick(beganUs, random, null);
      if (candidate === null) return null;
      balancer.started(candidate, beganUs);
      return {
        at: places.get(candidate.endpoint.instance) ?? 0,
        ended: (nowUs, served) => {
          const reached = served !== 'unreachable';
          balancer.finished(candidate, nowUs, reached ? nowUs - beganUs : -1, !reached, { outcome: OUTCOMES[served], beganUs, random: random() });
        },
      };
    },
  };
}

/** What a window's totals say about a rule, given what was known before. Pure: no time of its own, no I/O. */

/** A rule without traffic this long keeps its incident no longer: the thing it watched is gone. */
export const NODATA_RESOLVES_MS = 24 * 3_600_000;
/** Rule windows without any request until the state is `nodata`. */
export const QUIET_WINDOWS = 2;

export type AlertState = 'ok' | 'firing' | 'nodata';

/** Requests of one rule window, by whose fault they failed. */
export interface WindowTotals {
  readonly requests: number;
  readonly failuresApp: number;
  readonly failuresMesh: number;
  readonly failuresClient: number;
}

/** What was stored at the last evaluation; `open`: an incident of this rule and cluster is open. */
export interface PreviousState {
  readonly state: AlertState;
  readonly sinceMs: number;
  readonly open: boolean;
}

export type ResolveReason = 'recovered' | 'gone';

/** What becomes of the incident. `continued`: it stays open. */
export type Transition =
  | { readonly kind: 'none' }
  | { readonly kind: 'opened' }
  | { readonly kind: 'continued' }
  | { readonly kind: 'resolved'; readonly reason: ResolveReason };

export interface Judgement {
  readonly state: AlertState;
  readonly sinceMs: number;
  readonly transition: Transition;
  /** False: silence or too little traffic, the window says nothing about health. */
  readonly opinion: boolean;
  /** 0…1, null without a request that counts. */
  readonly successRate: number | null;
}

/** Requests that count for a success rate: all but those that the caller itself ended. */
export function countable(totals: WindowTotals): number {
  return totals.requests - totals.failuresClient;
}

/**
 * (countable − app − mesh) / countable, or null when nothing counts. One division of two integers, so that 93 of 100
 * equals the threshold 0.93 and does not fall a bit short of it.
 */
export function successRate(totals: WindowTotals): number | null {
  const count = countable(totals);
  return count > 0 ? Math.max(0, count - totals.failuresApp - totals.failuresMesh) / count : null;
}

export interface Observation {
  readonly totals: WindowTotals;
  /** No request at all in the last `QUIET_WINDOWS` rule windows before `nowMs`. */
  readonly quiet: boolean;
  readonly nowMs: number;
}

/**
 * In this order: quiet is `nodata`; fewer countable requests than `minRequests` is no opinion and the state stays; a
 * rate below the threshold fires; a rate at or above it is ok. An incident opens when the rule fires and none is open.
 * It resolves when the rate of a window with enough traffic is back at or above the threshold, or when there was no
 * traffic for `NODATA_RESOLVES_MS`; silence before that keeps it open, since no data is not health.
 */
export function judge(rule: { readonly threshold: number; readonly minRequests: number }, seen: Observation, previous: PreviousState | null): Judgement {
  const rate = successRate(seen.totals);
  const opinion = !seen.quiet && rate !== null && countable(seen.totals) >= rule.minRequests;
  const state = opinion ? (rate < rule.threshold ? 'firing' : 'ok') : seen.quiet ? 'nodata' : stateKept(previous);
  const sinceMs = previous?.state === state ? previous.sinceMs : seen.nowMs;
  return { state, sinceMs, transition: transitionOf(state, seen.nowMs - sinceMs, previous?.open ?? false), opinion, successRate: rate };
}

/** A firing state whose incident is closed (the rule was switched off meanwhile) is no basis to open another without a look. */
function stateKept(previous: PreviousState | null): AlertState {
  return previous === null || (previous.state === 'firing' && !previous.open) ? 'nodata' : previous.state;
}

function transitionOf(state: AlertState, stateAgeMs: number, open: boolean): Transition {
  switch (state) {
    case 'firing':
      return open ? { kind: 'continued' } : { kind: 'opened' };
    case 'ok':
      return open ? { kind: 'resolved', reason: 'recovered' } : { kind: 'none' };
    case 'nodata':
      if (!open) return { kind: 'none' };
      return stateAgeMs >= NODATA_RESOLVES_MS ? { kind: 'resolved', reason: 'gone' } : { kind: 'continued' };
    default:
      return state satisfies never;
  }
}

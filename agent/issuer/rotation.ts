/**
 * How one trust anchor follows another without a moment in which two proxies don't trust each other. Pure.
 *
 *   steady ──begin──▶ distribute ──every proxy trusts both──▶ renew ──every leaf is the new one's──▶ steady
 *
 * The old one issues in `distribute`, the new one in `renew`; both are in the bundle in both, so only the end of the
 * rotation takes trust away.
 */

export const PHASES = ['steady', 'distribute', 'renew'] as const;
export type Phase = (typeof PHASES)[number];

/** What a proxy of the mesh trusts and is trusted by. Fingerprints as in `status` of the control link. */
export interface ProxyTrust {
  /** `proxyKey` of the instance. */
  readonly key: string;
  /** Null while it isn't connected, has no leaf, or is too old to tell. */
  readonly bundleSha256: string | null;
  readonly anchorSha256: string | null;
}

export interface RotationFacts {
  readonly phase: Phase;
  /** When the phase began, ms since 1970. */
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly leafTtlMs: number;
  /** Of the bundle in force, and of the anchor that issues. */
  readonly bundleSha256: string;
  readonly anchorSha256: string;
  /** Every instance of the mesh that has a sidecar, connected or not. */
  readonly proxies: readonly ProxyTrust[];
}

/** Proxies that the next phase waits for, by key; none: it may begin. */
export function awaited(facts: RotationFacts): string[] {
  const { phase, proxies, bundleSha256, anchorSha256 } = facts;
  switch (phase) {
    case 'steady':
      return [];
    case 'distribute':
      return proxies.filter((proxy) => lags(proxy.bundleSha256, bundleSha256, facts)).map(({ key }) => key);
    case 'renew':
      return proxies.filter((proxy) => lags(proxy.anchorSha256, anchorSha256, facts)).map(({ key }) => key);
    default:
      return phase satisfies never;
  }
}

/**
 * Who says something else lags for as long as he says so. Who says nothing lags until every leaf issued before the phase
 * has ended: who is still there then got leaf and bundle in this phase.
 */
function lags(told: string | null, expected: string, { sinceMs, nowMs, leafTtlMs }: RotationFacts): boolean {
  return told === null ? nowMs <= sinceMs + leafTtlMs : told !== expected;
}

/** Of an anchor's life; with less left the next one follows by itself. */
export const ROTATE_SHARE = 0.2;

/** Whether an anchor should be followed by another now. */
export function isDue(anchor: { readonly notBeforeMs: number; readonly notAfterMs: number }, nowMs: number): boolean {
  return anchor.notAfterMs - nowMs < (anchor.notAfterMs - anchor.notBeforeMs) * ROTATE_SHARE;
}

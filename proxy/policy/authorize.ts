/** Decides whether a caller may reach a port. Pure. */
import type { Identity } from '../wire/labels.ts';
import type { InboundPolicy } from '../wire/orders.ts';

export type Verdict = { readonly kind: 'allow' } | { readonly kind: 'deny'; readonly reason: 'unauthenticated' };

/** `identity`: the caller's verified one, null for a caller outside the mesh. */
export function authorize(policy: InboundPolicy, identity: Identity | null): Verdict {
  switch (policy) {
    case 'all-unauthenticated':
      return { kind: 'allow' };
    case 'all-authenticated':
      return identity === null ? { kind: 'deny', reason: 'unauthenticated' } : { kind: 'allow' };
    default:
      return policy satisfies never;
  }
}

/** A caller may name only a workload of its own namespace, written `namespace/kind/name`. Returns it, or '' when it isn't believed. */
export function believedWorkload(claimed: string | null, namespace: string): string {
  if (claimed === null || claimed.length > 253 * 3) return '';
  const match = /^([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\/[a-z]+\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.exec(claimed);
  return match?.[1] === namespace ? claimed : '';
}

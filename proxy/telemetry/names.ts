/** The parts of the keys in `wire/labels.ts`, for labels. Pure. */
import type { ServiceKey, WorkloadKey } from '../wire/labels.ts';

/** `namespace/name`; a key without a namespace (`other`, empty) is all name. */
export function serviceParts(key: ServiceKey): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** `namespace/kind/name`, or null for a key that isn't one (`other`, empty). */
export function parseWorkloadKey(key: WorkloadKey): { readonly namespace: string; readonly kind: string; readonly name: string } | null {
  const [namespace, kind, name, ...rest] = key.split('/');
  return namespace && kind && name && rest.length === 0 ? { namespace, kind, name } : null;
}

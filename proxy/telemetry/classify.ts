/** What an outcome means: whose fault it is, and whether Prometheus calls it a failure. Pure. */
import type { ExchangeEnd } from '../exchange.ts';
import type { Fault } from '../wire/labels.ts';
import { FAULT_CODES, type FaultCodeName, faultOf } from '../wire/mesh.ts';

/**
 * Whose fault a response is, or null for a success. `proxyError` is the value of its `l5d-proxy-error` header: set, a
 * proxy made the answer and its table decides; a code of a newer version counts as the mesh's.
 */
export function faultOfResponse(status: number, proxyError: string | null): Fault | null {
  if (proxyError !== null) return faultOf(proxyError) ?? 'mesh';
  return status >= 500 ? 'app' : null;
}

/** Whose fault a gRPC call is that ended with `status`, where its HTTP answer said `fault`: whatever isn't OK failed. */
export function faultOfGrpc(status: number, fault: Fault | null): Fault | null {
  return fault ?? (status === 0 ? null : 'app');
}

/** The code that `l5d-proxy-error` names, or null for none and for one of a newer version: strangers' words are no labels. */
export function codeOfResponse(proxyError: string | null): FaultCodeName | null {
  return proxyError !== null && Object.hasOwn(FAULT_CODES, proxyError) ? (proxyError as FaultCodeName) : null;
}

/** linkerd2-proxy's `classification`; the caller's own fault or cancel is no failure of the service. */
export function classificationOf(end: ExchangeEnd): 'success' | 'failure' {
  switch (end.fault) {
    case null:
    case 'client':
      return 'success';
    case 'app':
    case 'mesh':
      return 'failure';
    default:
      return end.fault satisfies never;
  }
}

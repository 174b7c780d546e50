/** What an exchange says of the endpoint that served it. Pure. */
import type { Fault } from '../wire/labels.ts';

/** `neutral`: it says nothing, for example because the caller went away. */
export type Outcome = 'success' | 'failure' | 'neutral';

/** gRPC statuses that say that the server is in trouble: deadline exceeded, internal, unavailable, data loss (linkerd2-proxy's). */
const GRPC_FAILURES: ReadonlySet<number> = new Set([4, 13, 14, 15]);

/** `status` 0: none came. 429 asks to slow down and is no 5xx; every 5xx counts, whoever of app and its proxy said it. */
export function outcomeOf(status: number, fault: Fault | null, grpcStatus: number | null = null): Outcome {
  if (fault === 'client') return 'neutral';
  if (grpcStatus !== null) return GRPC_FAILURES.has(grpcStatus) ? 'failure' : 'success';
  if (status === 0) return fault === null ? 'neutral' : 'failure';
  // A fault behind a good status is an answer that was cut.
  return status >= 500 || (fault !== null && status < 400) ? 'failure' : 'success';
}

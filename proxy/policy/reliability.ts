/** What the proxy did for reliability beside single attempts, counted over all services since the start. */
import { Http2Counters } from '../protocol/http2/counters.ts';

export class ReliabilityCounters {
  /** Exchanges that failed at once, since no endpoint of their service (outbound) or no app (inbound) was ready for too long. */
  failfastOutbound = 0;
  failfastInbound = 0;
  /** Endpoints left out since they proved another identity. */
  ejected = 0;
  /** Attempts beyond the first, by policy, and the exchanges with one that ended well. */
  retries = 0;
  retrySuccesses = 0;
  /** Retries that were not made: the limit of the request, the budget of the service, a body too long to keep. */
  retriesOverLimit = 0;
  retriesOverBudget = 0;
  retriesOverBody = 0;
  /** Exchanges given up by a timeout of the policy. */
  timeouts = 0;
  /** What callers' HTTP/2 connections did that is of interest when one of them is hostile. */
  readonly http2 = new Http2Counters();
}

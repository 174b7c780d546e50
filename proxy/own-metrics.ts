/** Our own counters and gauges on `/metrics`, beside linkerd2-proxy's families. */
import type { Applied } from './control/applied.ts';
import type { ControlLink } from './control/link.ts';
import type { TransparentFacts } from './outbound/transparent.ts';
import type { ReliabilityCounters } from './policy/reliability.ts';
import type { Http2Counters } from './protocol/http2/counters.ts';
import type { OwnMetric } from './telemetry/prometheus.ts';
import type { WindowRing } from './telemetry/window.ts';

export interface OwnSources {
  readonly ring: WindowRing;
  readonly link: ControlLink;
  readonly applied: Applied;
  /** Monotonic ms, by the clock of the ring. */
  readonly nowMs: number;
  /** Tries to open listeners that couldn't be opened. */
  readonly relistens: number;
  readonly transparent: TransparentFacts;
}

const counter = (name: string, help: string, value: number): OwnMetric => ({ name, help, type: 'counter', value });
const gauge = (name: string, help: string, value: number): OwnMetric => ({ name, help, type: 'gauge', value });

export function ownMetrics({ ring, link, applied, nowMs, relistens, transparent }: OwnSources): OwnMetric[] {
  return [
    gauge('sidelight_windows_waiting', 'Windows that wait for their acknowledgement.', ring.waiting),
    gauge('sidelight_windows_unacknowledged_seconds', 'What was counted before so many seconds is safe; a proxy that is killed now takes the rest with it.', (nowMs - ring.unacknowledgedSinceMs) / 1_000),
    gauge('sidelight_windows_waiting_bytes', 'Bytes of these windows.', ring.bytes),
    counter('sidelight_windows_dropped_total', 'Windows dropped before they were acknowledged.', ring.droppedTotal),
    counter('sidelight_windows_bad_acknowledgements_total', 'Acknowledgements of windows that never were.', ring.badAcknowledgements),
    gauge('sidelight_control_linked', '1 while the control link is up.', link.linked ? 1 : 0),
    counter('sidelight_control_connects_total', 'Control links that came up.', link.connects),
    counter('sidelight_control_rediscoveries_total', 'Endpoints with another identity that the control plane was told of.', link.rediscoveries),
    counter('sidelight_control_unknown_messages_total', 'Messages of kinds that this version does not know.', link.unknownMessages),
    counter('sidelight_control_bad_messages_total', 'Messages that were not as agreed.', link.badMessages),
    gauge('sidelight_orders_revision', 'Revision of the orders in force.', applied.orders?.revision ?? 0),
    counter('sidelight_orders_taken_total', 'Orders put in force.', applied.taken),
    counter('sidelight_orders_refused_total', 'Orders refused, since they were for another proxy.', applied.refused),
    gauge('sidelight_listeners_failed', 'Listeners that could not be opened.', applied.problems.length),
    counter('sidelight_listeners_retries_total', 'Tries to open these.', relistens),
    ...transparentMetrics(transparent),
    gauge('sidelight_outbound_watches', 'Addresses that the control plane is asked about.', link.watches.size),
    counter('sidelight_outbound_resolutions_total', 'Questions about addresses, asked again after a reconnect as well.', link.watches.asked),
  ];
}

/** Of redirected connections; a static proxy has these as well. */
export function transparentMetrics({ external, unanswered, learned, evicted }: TransparentFacts): OwnMetric[] {
  return [
    counter('sidelight_outbound_external_connections_total', 'Redirected connections that went straight through to what is not of the mesh.', external),
    counter('sidelight_outbound_undiscovered_total', 'Addresses that nobody explained in time and that counted as external.', unanswered),
    gauge('sidelight_outbound_destinations', 'Addresses that orders do not name and that were dialled a moment ago.', learned),
    counter('sidelight_outbound_destinations_evicted_total', 'Of these, forgotten early because there were too many.', evicted),
  ];
}

/** What the data path did for reliability; in every mode. */
export function reliabilityMetrics(counters: ReliabilityCounters): OwnMetric[] {
  return [
    counter('sidelight_failfast_outbound_total', 'Exchanges that failed at once, since no endpoint of their service was ready for 3 s.', counters.failfastOutbound),
    counter('sidelight_failfast_inbound_total', 'Connections to the app that failed at once, since it took none for 1 s.', counters.failfastInbound),
    counter('sidelight_endpoints_ejected_total', 'Endpoints left out since they proved another identity.', counters.ejected),
    counter('sidelight_retries_total', 'Attempts beyond the first, by the policy of the service.', counters.retries),
    counter('sidelight_retry_successes_total', 'Exchanges with such an attempt that ended well.', counters.retrySuccesses),
    counter('sidelight_retries_over_limit_total', 'Retries that were not made, since the request had its share.', counters.retriesOverLimit),
    counter('sidelight_retries_over_budget_total', 'Retries that were not made, since the service had its share.', counters.retriesOverBudget),
    counter('sidelight_retries_over_body_total', 'Retries that were not made, since the body was too long to keep.', counters.retriesOverBody),
    counter('sidelight_policy_timeouts_total', 'Exchanges given up by a timeout of the service.', counters.timeouts),
    ...callerMetrics(counters.http2),
  ];
}

/** HTTP/2 connections that callers opened here. */
function callerMetrics(http2: Http2Counters): OwnMetric[] {
  return [
    counter('sidelight_http2_streams_total', 'Streams that callers opened.', http2.streams),
    counter('sidelight_http2_resets_received_total', 'Streams that callers reset.', http2.resetsReceived),
    counter('sidelight_http2_resets_made_total', 'Streams reset here because of what a caller sent on them.', http2.resetsMade),
    counter('sidelight_http2_refused_total', 'Streams refused because their caller had too many open.', http2.refused),
    counter('sidelight_http2_malformed_total', 'Requests that no intermediary may pass on.', http2.malformed),
    counter('sidelight_http2_heads_too_large_total', 'Heads above the limit, answered 431.', http2.listsTooLarge),
    counter('sidelight_http2_header_bombs_total', 'Streams refused because the heads of their connection had grown out of proportion to what came.', http2.bombs),
    counter('sidelight_http2_connections_failed_total', 'Connections ended because their caller broke the standard.', http2.protocolErrors),
    counter('sidelight_http2_connections_calmed_total', 'Connections ended by a limit on what costs a caller nothing (ENHANCE_YOUR_CALM).', http2.calmed),
  ];
}

/** Our own counters and gauges on `/metrics`, beside linkerd2-proxy's families. */
import type { Applied } from './control/applied.ts';
import type { ControlLink } from './control/link.ts';
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
}

const counter = (name: string, help: string, value: number): OwnMetric => ({ name, help, type: 'counter', value });
const gauge = (name: string, help: string, value: number): OwnMetric => ({ name, help, type: 'gauge', value });

export function ownMetrics({ ring, link, applied, nowMs, relistens }: OwnSources): OwnMetric[] {
  return [
    gauge('sidelight_windows_waiting', 'Windows that wait for their acknowledgement.', ring.waiting),
    gauge('sidelight_windows_unacknowledged_seconds', 'What was counted before so many seconds is safe; a proxy that is killed now takes the rest with it.', (nowMs - ring.unacknowledgedSinceMs) / 1_000),
    gauge('sidelight_windows_waiting_bytes', 'Bytes of these windows.', ring.bytes),
    counter('sidelight_windows_dropped_total', 'Windows dropped before they were acknowledged.', ring.droppedTotal),
    counter('sidelight_windows_bad_acknowledgements_total', 'Acknowledgements of windows that never were.', ring.badAcknowledgements),
    gauge('sidelight_control_linked', '1 while the control link is up.', link.linked ? 1 : 0),
    counter('sidelight_control_connects_total', 'Control links that came up.', link.connects),
    counter('sidelight_control_unknown_messages_total', 'Messages of kinds that this version does not know.', link.unknownMessages),
    counter('sidelight_control_bad_messages_total', 'Messages that were not as agreed.', link.badMessages),
    gauge('sidelight_orders_revision', 'Revision of the orders in force.', applied.orders?.revision ?? 0),
    counter('sidelight_orders_taken_total', 'Orders put in force.', applied.taken),
    counter('sidelight_orders_refused_total', 'Orders refused, since they were for another proxy.', applied.refused),
    gauge('sidelight_listeners_failed', 'Listeners that could not be opened.', applied.problems.length),
    counter('sidelight_listeners_retries_total', 'Tries to open these.', relistens),
  ];
}

/**
 * The text of `/metrics` (Prometheus text format 0.0.4): linkerd2-proxy's families with their labels, then ours. It comes
 * in pieces, and a piece is what was counted when it is asked for.
 */
import { family, line, sample, type Pieces } from './exposition.ts';
import { detectFamilies } from './families-detect.ts';
import { authorizationFamilies, errorFamilies, requestFamilies, routeFamilies } from './families-http.ts';
import { parentFamilies, type BalancerFacts } from './families-parents.ts';
import { identityFamilies, processFamilies, type ProcessFacts } from './families-process.ts';
import { transportFamilies } from './families-tcp.ts';
import type { Series } from './series.ts';

/** What `/metrics` shows beside the series. */
export interface MetricsFacts extends ProcessFacts {
  /** Policy in force, the `srv_name` of inbound series. */
  readonly inboundPolicy: string;
  readonly balancers: readonly BalancerFacts[];
  /** What access log, traces and tap count. */
  readonly watching: readonly OwnMetric[];
  /** Our own gauges and counters, by full name. */
  readonly own: readonly OwnMetric[];
}

export interface OwnMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly value: number;
}

function* ownFamilies(series: Series, own: readonly OwnMetric[]): Pieces {
  const refusals = [...series.refusals.values()].map(({ direction, reason, count }) =>
    line('sidelight_refusals_total', [['direction', direction], ['reason', reason]], count),
  );
  yield* family('sidelight_refusals_total', 'counter', 'Connections refused or lost before there was an exchange.', refusals);
  const passed = [...series.serverNames.entries()].map(({ direction, name, count }) => line('sidelight_tls_passed_through_total', [['direction', direction], ['server_name', name]], count));
  yield* family('sidelight_tls_passed_through_total', 'counter', 'TLS connections of apps that were passed through, by the server name asked for.', passed);
  const counted: OwnMetric[] = [
    { name: 'sidelight_folded_exchanges_total', help: 'Exchanges counted in a row named other, since a cap was reached.', type: 'counter', value: series.foldedTotal },
    { name: 'sidelight_path_positions_folded_total', help: 'Positions of paths with so many names that they count as :id.', type: 'counter', value: series.routes.positionsFolded },
    { name: 'sidelight_routes_unshown_total', help: 'Routes that are in windows, but have no series here.', type: 'counter', value: series.routes.unshown },
  ];
  for (const { name, type, help, value } of [...counted, ...own]) yield* family(name, type, help, [sample(name, '', value)]);
}

/** The whole text, piece by piece. */
export function* renderMetrics(series: Series, facts: MetricsFacts): Pieces {
  yield* requestFamilies(series, facts.inboundPolicy);
  yield* routeFamilies(series);
  yield* transportFamilies(series, facts.inboundPolicy);
  yield* detectFamilies(series, facts.inboundPolicy);
  yield* authorizationFamilies(series, facts.inboundPolicy);
  yield* errorFamilies(series);
  yield* parentFamilies(series, facts.balancers, facts.inboundPolicy);
  yield* identityFamilies(facts);
  yield* processFamilies(facts);
  yield* ownFamilies(series, [...facts.watching, ...facts.own]);
}

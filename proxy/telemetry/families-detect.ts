/** linkerd2-proxy's families of protocol detection and of how outbound connections were declared. */
import { DETECT_RESULTS, type DetectSeries } from './detections.ts';
import { family, histogram, sample, type Pieces } from './exposition.ts';
import { parentText, serverText } from './labels.ts';
import type { Series } from './series.ts';

function* ofDirection(all: readonly DetectSeries[], direction: 'inbound' | 'outbound', policy: string): Pieces {
  const name = `${direction}_tcp_detect_http`;
  const labelled = all.filter(({ key }) => key.direction === direction).map((series) => ({ series, labels: direction === 'inbound' ? serverText(policy, series.key.port) : parentText(series.key) }));
  yield* family(`${name}_duration_seconds`, 'histogram', 'Time taken for protocol detection.', labelled.map(({ series, labels }) => histogram(`${name}_duration_seconds`, labels, series.duration)));
  const results = ({ series, labels }: (typeof labelled)[number]): string => DETECT_RESULTS.map((result) => sample(`${name}_results_total`, `result="${result}",${labels}`, series.results[result])).join('');
  yield* family(`${name}_results_total`, 'counter', 'Protocol detection results.', labelled.map(results));
}

export function* detectFamilies({ detections }: Series, policy: string): Pieces {
  const all = [...detections.ports.values()];
  yield* ofDirection(all, 'inbound', policy);
  yield* ofDirection(all, 'outbound', policy);
  const declared = [...detections.declared.values()].map(({ protocol, count, ...parent }) => sample('outbound_tcp_protocol_connections_total', `protocol="${protocol}",${parentText(parent)}`, count));
  yield* family('outbound_tcp_protocol_connections_total', 'counter', 'Outbound TCP connections by protocol configuration.', declared);
}

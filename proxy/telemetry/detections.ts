/** What was found out about connections whose protocol nobody declared, and how outbound connections were declared. */
import type { Direction } from '../wire/labels.ts';
import { BucketCounts, boundsSeconds } from './buckets.ts';

/** linkerd2-proxy's words. `not_http`: something else was read; `read_timeout`: nothing came in time; `error`: it broke before. */
export const DETECT_RESULTS = ['http/1', 'http/2', 'not_http', 'read_timeout', 'error'] as const;
export type DetectResult = (typeof DETECT_RESULTS)[number];

/** Upper bounds in seconds, as linkerd2-proxy has them. */
const DETECT_BOUNDS = boundsSeconds([0.001, 0.1]);

/** Where a connection came: a service's port (outbound) or the app's. */
export interface DetectedPort {
  readonly direction: Direction;
  /** `namespace/name`; empty inbound. */
  readonly service: string;
  readonly port: number;
}

export class DetectSeries {
  readonly key: DetectedPort;
  readonly duration = new BucketCounts(DETECT_BOUNDS);
  readonly results: Record<DetectResult, number> = { 'http/1': 0, 'http/2': 0, not_http: 0, read_timeout: 0, error: 0 };

  constructor(key: DetectedPort) {
    this.key = key;
  }
}

/** How a service's port is declared, in linkerd2-proxy's words. */
export const DECLARED = { http1: 'http/1', http2: 'http/2', opaque: 'opaque', detect: 'detect' } as const;

export interface DeclaredCount {
  readonly service: string;
  readonly port: number;
  readonly protocol: (typeof DECLARED)[keyof typeof DECLARED];
  count: number;
}

/** As many as services and ports. */
export class Detections {
  readonly ports = new Map<string, DetectSeries>();
  readonly declared = new Map<string, DeclaredCount>();

  detected(key: DetectedPort, result: DetectResult, tookUs: number): void {
    const id = `${key.direction} ${key.service} ${key.port}`;
    const series = this.ports.get(id) ?? new DetectSeries(key);
    this.ports.set(id, series);
    series.results[result] += 1;
    series.duration.observe(tookUs);
  }

  dialled(service: string, port: number, protocol: keyof typeof DECLARED): void {
    const id = `${service} ${port} ${protocol}`;
    const known = this.declared.get(id);
    if (known) known.count += 1;
    else this.declared.set(id, { service, port, protocol: DECLARED[protocol], count: 1 });
  }
}

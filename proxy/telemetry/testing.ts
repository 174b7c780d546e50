/** Builders for the tests of telemetry. */
import type { ExchangeEnd } from '../exchange.ts';
import type { EdgeKey } from '../wire/report.ts';

export function edgeKey(changes: Partial<EdgeKey> = {}): EdgeKey {
  return {
    direction: 'outbound',
    source: 'shop/host/web',
    service: 'shop/cart',
    destination: 'shop/host/cart',
    protocol: 'http1',
    tls: 'mtls',
    ...changes,
  };
}

export function exchangeEnd(changes: Partial<ExchangeEnd> = {}): ExchangeEnd {
  return {
    fault: null,
    status: 200,
    latencyUs: 5_000,
    durationUs: 6_000,
    appUs: 4_000,
    queueUs: 100,
    retries: 0,
    route: 'GET /items/:id',
    ...changes,
  };
}

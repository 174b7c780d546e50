import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeMessage } from './decode.ts';

const GOLDEN = `${import.meta.dirname}/../wire/golden/control-1`;
const golden = (name: string) => readFileSync(`${GOLDEN}/${name}`, 'utf8');
const samples = readdirSync(GOLDEN).filter((name) => name.startsWith('from-'));

/** Sets the value at a path such as `orders.outbound.0.port` in a copy; undefined takes it away. */
function changed(sample: string, path: string, value: unknown): string {
  const message = JSON.parse(golden(sample)) as Record<string, unknown>;
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  const parent = steps.reduce((at: Record<string, unknown>, step) => at[step] as Record<string, unknown>, message);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return JSON.stringify(message);
}

test('there is a golden sample of each kind', () => {
  const kinds = ['acknowledge', 'bundle', 'certified', 'orders', 'orders-policy', 'orders-telemetry', 'orders-transparent', 'refused', 'renew', 'resolved', 'resolved-endpoint', 'resolved-external', 'tap', 'tick', 'welcome', 'welcome-rediscover'];
  expect(samples.toSorted()).toEqual(kinds.map((kind) => `from-${kind}.json`).toSorted());
});

test.each(samples)('control link version 1: %s still decodes, whole', (name) => {
  expect(decodeMessage(golden(name))).toEqual({ kind: 'message', message: JSON.parse(golden(name)) });
});

test.each(samples)('a field of a newer version in %s is left out', (name) => {
  expect(decodeMessage(changed(name, 'addedInVersion9', { any: 1 }))).toEqual(decodeMessage(golden(name)));
});

test('a kind of a newer version is named and left out', () => {
  expect(decodeMessage('{"kind":"dance","rate":5}')).toEqual({ kind: 'unknown', name: 'dance' });
  expect(decodeMessage('{"kind":"constructor"}')).toEqual({ kind: 'unknown', name: 'constructor' });
});

test.each([
  ['orders', 'orders', undefined, 'orders is missing'],
  ['orders', 'orders', null, 'orders is null'],
  ['orders', 'orders.revision', -1, 'orders.revision'],
  ['orders', 'orders.revision', 1.5, 'orders.revision'],
  ['orders', 'orders.revision', '7', 'orders.revision'],
  ['orders', 'orders.workload', undefined, 'orders.workload is missing'],
  ['orders', 'orders.inbound', [], 'orders.inbound is []'],
  ['orders', 'orders.inbound.mesh', null, 'orders.inbound.mesh'],
  ['orders', 'orders.inbound.mesh.port', 0, 'orders.inbound.mesh.port'],
  ['orders', 'orders.inbound.mesh.port', 65_536, 'orders.inbound.mesh.port'],
  ['orders', 'orders.inbound.mesh.host', 'localhost', 'orders.inbound.mesh.host'],
  ['orders', 'orders.inbound.mesh.host', 'a.example:1', 'orders.inbound.mesh.host'],
  ['orders', 'orders.inbound.policy', 'none', 'orders.inbound.policy'],
  ['orders', 'orders.inbound.ports', {}, 'orders.inbound.ports'],
  ['orders', 'orders.inbound.ports.0.protocol', 'http9', 'orders.inbound.ports[0].protocol'],
  ['orders', 'orders.inbound.ports.0.services', 'shop/web', 'orders.inbound.ports[0].services'],
  ['orders', 'orders.inbound.ports.1.plain', undefined, 'orders.inbound.ports[1].plain is missing'],
  ['orders', 'orders.outbound.0.endpoints.1.mesh', undefined, 'orders.outbound[0].endpoints[1].mesh is missing'],
  ['orders', 'orders.outbound.0.endpoints.0.mesh.identity', 5, 'orders.outbound[0].endpoints[0].mesh.identity'],
  ['orders', 'orders.outbound.0.endpoints.0.address.host', '', 'orders.outbound[0].endpoints[0].address.host'],
  ['orders', 'orders.outbound', Array.from({ length: 1_001 }, () => ({})), 'orders.outbound is 1001'],
  ['orders-transparent', 'orders.transparent', null, 'orders.transparent is null'],
  ['orders-telemetry', 'orders.telemetry.accessLog', 'loud', 'orders.telemetry.accessLog'],
  ['orders-telemetry', 'orders.telemetry.tracing.collector', 'file:///etc/passwd', 'orders.telemetry.tracing.collector'],
  ['orders-telemetry', 'orders.telemetry.tracing.share', 1.5, 'orders.telemetry.tracing.share'],
  ['tap', 'sessions.0.perSecondMax', 1_001, 'sessions[0].perSecondMax'],
  ['tap', 'sessions.0.filter.statusClass', 6, 'sessions[0].filter.statusClass'],
  ['tap', 'sessions.0.endsInMs', undefined, 'sessions[0].endsInMs is missing'],
  ['orders-transparent', 'orders.transparent.addresses.0', '10.1.0', 'orders.transparent.addresses[0]'],
  ['orders-transparent', 'orders.transparent.plainPort', 0, 'orders.transparent.plainPort'],
  ['orders-transparent', 'orders.transparent.services.0.to.endpoints', null, 'orders.transparent.services[0].to.endpoints'],
  ['resolved', 'destination.kind', 'elsewhere', 'destination.kind'],
  ['resolved-endpoint', 'destination.endpoint', undefined, 'destination.endpoint is missing'],
  ['orders-policy', 'orders.zone', 5, 'orders.zone is 5'],
  ['orders-policy', 'orders.outbound.0.endpoints.0.weight', 0, 'orders.outbound[0].endpoints[0].weight'],
  ['orders-policy', 'orders.outbound.0.policy.retry.http.0', [504, 500], 'orders.outbound[0].policy.retry.http[0]'],
  ['orders-policy', 'orders.outbound.0.policy.retry.limit', 1_000, 'orders.outbound[0].policy.retry.limit'],
  ['orders-policy', 'orders.outbound.0.policy.retry.methods', 'some', 'orders.outbound[0].policy.retry.methods'],
  ['orders-policy', 'orders.outbound.0.policy.retry.budget', undefined, 'orders.outbound[0].policy.retry.budget is missing'],
  ['orders-policy', 'orders.outbound.0.policy.timeout.requestMs', 0, 'orders.outbound[0].policy.timeout.requestMs'],
  ['orders-policy', 'orders.outbound.0.policy.balancer.breaker.kind', 'sometimes', 'orders.outbound[0].policy.balancer.breaker.kind'],
  ['orders-policy', 'orders.outbound.1.policy.balancer.breaker.threshold', 80, 'orders.outbound[1].policy.balancer.breaker.threshold'],
  ['tick', 'tick', -1, 'tick'],
  ['tick', 'tickMs', 0, 'tickMs'],
  ['tick', 'elapsedMs', -1, 'elapsedMs'],
  ['tick', 'elapsedMs', null, 'elapsedMs'],
  ['acknowledge', 'sequence', '1', 'sequence'],
  ['bundle', 'trustBundle', 7, 'trustBundle'],
  ['certified', 'notAfter', 'soon', 'notAfter'],
  ['certified', 'certificateChain', 'x'.repeat(300_000), 'certificateChain'],
  ['refused', 'code', undefined, 'code is missing'],
  ['welcome', 'version', 0, 'version'],
  ['welcome', 'kind', 5, 'kind'],
])('%s with %s = %j is refused and says where', (kind, path, value, where) => {
  const decoded = decodeMessage(changed(`from-${kind}.json`, path, value));
  expect(decoded.kind).toBe('invalid');
  expect(decoded.kind === 'invalid' && decoded.reason).toContain(where);
  expect(decoded.kind === 'invalid' && decoded.reason.length).toBeLessThan(400);
});

test.each(['', '{', 'null', '[]', '5', '"orders"', '{}', '{"kind":null}'])('%j is no message', (text) => {
  expect(decodeMessage(text).kind).toBe('invalid');
});

import { expect, test } from 'vitest';
import { addressesNeeded, layOut } from '../mesh/layout.ts';
import { DEMO_CLUSTERS, loadConfig, serviceConfig, workloadPlans } from './clusters.ts';

const placed = DEMO_CLUSTERS.map((cluster) => {
  const plans = workloadPlans(cluster);
  return { cluster, layout: layOut(plans, Array.from({ length: addressesNeeded(plans) }, (_, index) => 20_000 + index)) };
});

test('there are two clusters with six or more services each', () => {
  expect(DEMO_CLUSTERS.length).toBe(2);
  for (const { services } of DEMO_CLUSTERS) expect(services.length).toBeGreaterThanOrEqual(6);
});

test.each(placed)('$cluster.name has a chain, a fan-out, a call across namespaces, a TCP dependency and a caller from outside', ({ cluster, layout }) => {
  const configs = layout.workloads.map((workload) => serviceConfig(cluster, workload, '127.0.0.1:0', 'control.json'));
  const of = (service: string): (typeof configs)[number] | undefined => configs.find((config) => config.service === service);
  const calls = configs.flatMap((config) => config.calls.map((call) => ({ from: config.service, ...call })));
  expect(calls.some((call) => call.protocol === 'http1' && of(call.service)?.calls.some((next) => next.protocol === 'http1'))).toBe(true);
  expect(configs.some((config) => config.order === 'fan-out' && config.calls.length >= 3)).toBe(true);
  expect(calls.some((call) => call.from.split('/')[0] !== call.service.split('/')[0])).toBe(true);
  expect(calls.some((call) => call.protocol === 'opaque')).toBe(true);
  expect(loadConfig(cluster, layout).target).toBe(layout.workloads.find((workload) => workload.plain !== undefined)?.plain);
});

test.each(placed)('every service of $cluster.name is reached, or is where the load comes in', ({ cluster }) => {
  const called = new Set(cluster.services.flatMap((entry) => (entry.calls ?? []).map((call) => call.to)));
  expect(cluster.services.map((entry) => entry.service).filter((service) => !called.has(service))).toEqual([cluster.load.to]);
});

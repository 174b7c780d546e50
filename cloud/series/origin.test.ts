import { expect, test } from 'vitest';
import type { EdgeTotal } from './edge.ts';
import { origin } from './origin.ts';

type Short = readonly [source: string, destination: string, requests: number, app: number, mesh?: number];

/** Both views of each call, as a meshed chain reports them: a mesh failure is seen by the caller only. */
function edges(...calls: Short[]): EdgeTotal[] {
  return calls.flatMap(([source, destination, requests, failuresApp, failuresMesh = 0]) => {
    const edge = { source, destination, service: `s/${destination || 'lost'}`, protocol: 'http1', tls: 'mtls', failuresClient: 0 } as const;
    return [
      { ...edge, direction: 'outbound', requests, failuresApp, failuresMesh },
      { ...edge, direction: 'inbound', requests: requests - failuresMesh, failuresApp, failuresMesh: 0 },
    ] satisfies EdgeTotal[];
  });
}

function path(all: readonly EdgeTotal[], workload: string): (string | null)[] {
  return origin(all, { workload }).map((step) => step.workload ?? `service ${step.service}`);
}

test('the chain is followed to the deepest workload whose callees don’t explain it', () => {
  expect(path(edges(['', 'web', 100, 20], ['web', 'cart', 100, 19], ['cart', 'ledger', 100, 18], ['ledger', 'disk', 50, 0]), 'web')).toEqual(['web', 'cart', 'ledger']);
});

test('a workload that fails on its own is its own origin', () => {
  expect(path(edges(['', 'web', 100, 20], ['web', 'cart', 500, 1]), 'web')).toEqual(['web']);
});

test('of several callees the one that fails most is followed', () => {
  expect(path(edges(['', 'web', 100, 30], ['web', 'cart', 100, 5], ['web', 'pay', 100, 25]), 'web')).toEqual(['web', 'pay']);
});

test('without failures there is no path', () => {
  expect(origin(edges(['', 'web', 100, 0]), { workload: 'web' })).toEqual([]);
  expect(origin([], { workload: 'web' })).toEqual([]);
});

test('calls in a circle end', () => {
  expect(path(edges(['', 'a', 100, 50], ['a', 'b', 100, 50], ['b', 'a', 100, 50]), 'a')).toEqual(['a', 'b']);
});

test('requests that got no endpoint start at the service that has none', () => {
  const lost: EdgeTotal = { direction: 'outbound', source: 'web', destination: '', service: 's/cart', protocol: 'http1', tls: 'mtls', requests: 90, failuresApp: 0, failuresMesh: 90, failuresClient: 0 };
  const steps = origin([...edges(['', 'web', 100, 90]), lost], { workload: 'web' });
  expect(steps.at(-1)).toEqual({ workload: null, service: 's/cart', requests: 90, failureShare: 1 });
});

test('a service’s symptom begins at its worst workload', () => {
  expect(origin(edges(['web', 'cart', 100, 40], ['cart', 'db', 100, 40]), { service: 's/cart' }).map((step) => step.workload)).toEqual(['cart', 'db']);
});

test('connections of opaque protocols are no requests on the path', () => {
  const opaque: EdgeTotal = { direction: 'outbound', source: 'web', destination: 'db', service: 's/db', protocol: 'opaque', tls: 'mtls', requests: 100, failuresApp: 0, failuresMesh: 100, failuresClient: 0 };
  expect(path([...edges(['', 'web', 100, 90]), opaque], 'web')).toEqual(['web']);
});

test('the share counts neither what the callers cancelled nor other workloads', () => {
  const [out, into] = edges(['', 'web', 100, 25]);
  if (!out || !into) throw new Error('both views');
  expect(origin([{ ...into, failuresClient: 50 }], { workload: 'web' })[0]?.failureShare).toBe(0.5);
});

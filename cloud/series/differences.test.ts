import { expect, test } from 'vitest';
import type { EdgeLabels } from './edge.ts';
import { differences, differencesSentence } from './differences.ts';
import type { Moment } from './differences.ts';
import type { Version } from './versions.ts';

const workload = (key: string, instances = 1): Version => ({ kind: 'workload', key, fromMs: 1, toMs: null, attributes: { key, serviceAccount: 'default', identity: null, meshed: true, instances } });
const service = (key: string, workloads: string[]): Version => ({ kind: 'service', key, fromMs: 2, toMs: null, attributes: { key, ports: [{ port: 80, protocol: 'http1' }], workloads } });
const proxy = (instance: string, version = '0.1.0', certificateNotAfter: string | null = null): Version => ({
  kind: 'proxy', key: instance, fromMs: 3, toMs: 9, attributes: { instance, name: 'cart-1', workload: 'shop/host/cart', version, identity: null, ready: true, connected: true, certificateNotAfter },
});
const edge = (source: string, destination: string): EdgeLabels => ({ direction: 'outbound', source, service: 'shop/cart', destination, protocol: 'http1', tls: 'mtls' });
const moment = (versions: Version[], edges: EdgeLabels[] = []): Moment => ({ versions, edges });

test.each<[string, Moment, Moment, string[]]>([
  ['nothing differs', moment([workload('a/host/b')]), moment([workload('a/host/b')]), []],
  ['things come', moment([]), moment([workload('a/host/b'), service('a/b', ['a/host/b'])]), ['workload a/host/b is new', 'service a/b is new']],
  ['things go', moment([workload('a/host/b')]), moment([]), ['workload a/host/b is gone']],
  ['a field changes', moment([workload('a/host/b', 1)]), moment([workload('a/host/b', 3)]), ['workload a/host/b: instances 1 → 3']],
  ['a list changes', moment([service('a/b', ['x'])]), moment([service('a/b', ['x', 'y'])]), ['service a/b: workloads x → x, y']],
  ['a list in another order is the same', moment([service('a/b', ['y', 'x'])]), moment([service('a/b', ['x', 'y'])]), []],
  ['a proxy starts anew', moment([proxy('aa')]), moment([proxy('bb')]), ['proxy cart-1 started anew']],
  ['a proxy gets a new version', moment([proxy('aa')]), moment([proxy('bb', '0.2.0')]), ['proxy cart-1: version 0.1.0 → 0.2.0, and 1 more']],
  ['a renewed certificate is no change', moment([proxy('aa')]), moment([proxy('aa', '0.1.0', '2030-01-01T00:00:00Z')]), []],
  ['traffic begins and ends', moment([], [edge('a/host/x', 'a/host/y')]), moment([], [edge('', '')]), ['outside → cart has traffic (http1, mtls)', 'x → y has no traffic any more']],
])('%s', (_, before, after, texts) => {
  expect(differences(before, after).map((change) => change.text)).toEqual(texts);
});

test('what went is dated by its end, what came by its begin, and a version stands beside a proxy only', () => {
  const [gone, came] = [differences(moment([proxy('aa')]), moment([]))[0], differences(moment([]), moment([workload('a/host/b')]))[0]];
  expect(gone).toMatchObject({ atMs: 9, version: { before: '0.1.0', after: null } });
  expect(came).toMatchObject({ atMs: 1, version: null });
});

test('the sentence counts by kind, with the right word for one', () => {
  const of = (before: Moment, after: Moment): string => differencesSentence(differences(before, after));
  expect(of(moment([]), moment([]))).toBe('Nothing differs between the two moments.');
  expect(of(moment([]), moment([workload('a')]))).toBe('1 workload is new.');
  expect(of(moment([proxy('x')]), moment([workload('a'), workload('b'), service('s', [])]))).toBe('2 workloads and 1 service are new, 1 proxy is gone.');
  expect(of(moment([workload('a', 1), workload('b', 1)]), moment([workload('a', 2), workload('b', 2)]))).toBe('2 workloads changed.');
});

import { expect, test } from 'vitest';
import { ClusterOrders } from '../../compile/cluster-orders.ts';
import { endpointsOf, Inventory } from '../inventory.ts';
import { Cluster, type ClusterChange } from './cluster.ts';
import { clusterAfter, makeKubeService, makeOwner, makePod, makeSlice, NAMES, podEndpoint } from './testing.ts';

const deployment = { kind: 'Deployment', name: 'web' };
const WEB: readonly ClusterChange[] = [
  makeOwner('replicaset', 'shop/web-5d', deployment),
  makePod('shop/web-5d-x', { ip: '10.1.0.1' }),
  makePod('shop/web-5d-y', { ip: '10.1.0.2' }),
  makeKubeService('shop/web'),
  makeSlice('shop/web', [podEndpoint('shop/web-5d-x', '10.1.0.1'), podEndpoint('shop/web-5d-y', '10.1.0.2')]),
];

const gone = (change: ClusterChange): ClusterChange => ({ ...change, object: null });
const annotated = (text: string): ClusterChange => ({ kind: 'namespace', key: '/shop', object: { metadata: { name: 'shop', annotations: { [NAMES.opaquePortsAnnotation]: text, [NAMES.inboundPolicyAnnotation]: 'all-authenticated' } } } });
const node = (zone: string): ClusterChange => ({ kind: 'node', key: '/node-1', object: { metadata: { name: 'node-1', labels: { 'topology.kubernetes.io/zone': zone } } } });

function endpointsAfter(changes: readonly ClusterChange[], service = 'shop/web', port = 80) {
  return endpointsOf(clusterAfter(changes).inventory.endpoints(), service, port);
}

test('a Deployment’s pods serve its Service, each by the identity of its account', () => {
  const { inventory } = clusterAfter(WEB);
  const mesh = (host: string) => ({ address: { host, port: 4143 }, identity: 'web.shop.serviceaccount.identity.sidelight.cluster.local' });
  expect(endpointsOf(inventory.endpoints(), 'shop/web', 80)).toEqual([
    { address: { host: '10.1.0.1', port: 8080 }, workload: 'shop/deployment/web', instance: 'web-5d-x', mesh: mesh('10.1.0.1') },
    { address: { host: '10.1.0.2', port: 8080 }, workload: 'shop/deployment/web', instance: 'web-5d-y', mesh: mesh('10.1.0.2') },
  ]);
  expect(inventory.services.list()).toEqual([{ key: 'shop/web', ports: [{ port: 80, protocol: 'detect' }], addresses: ['10.96.0.10'] }]);
});

test.each([
  [{ kind: 'ReplicaSet', name: 'web-5d' }, makeOwner('replicaset', 'shop/web-5d', deployment), 'shop/deployment/web'],
  [{ kind: 'ReplicaSet', name: 'web-5d' }, makeOwner('replicaset', 'shop/web-5d', { kind: 'Rollout', name: 'web' }), 'shop/rollout/web'],
  [{ kind: 'ReplicaSet', name: 'alone' }, makeOwner('replicaset', 'shop/alone', null), 'shop/replicaset/alone'],
  [{ kind: 'Job', name: 'report-1' }, makeOwner('job', 'shop/report-1', { kind: 'CronJob', name: 'report' }), 'shop/cronjob/report'],
  [{ kind: 'Job', name: 'once' }, makeOwner('job', 'shop/once', null), 'shop/job/once'],
  [{ kind: 'StatefulSet', name: 'db' }, makeOwner('job', 'shop/other', null), 'shop/statefulset/db'],
  [{ kind: 'DaemonSet', name: 'log' }, makeOwner('job', 'shop/other', null), 'shop/daemonset/log'],
  [{ kind: 'Node', name: 'node-1' }, makeOwner('job', 'shop/other', null), 'shop/pod/p-1'],
])('the workload of a pod of %j is what a person has written', (owner, object, expected) => {
  for (const changes of [[object, makePod('shop/p-1', { owner })], [makePod('shop/p-1', { owner }), object]]) {
    const { cluster, inventory } = clusterAfter(changes);
    expect(inventory.workloads.list().map(({ key }) => key)).toEqual([expected]);
    expect(cluster.podOwner('shop/p-1')).toEqual({ workload: expected, serviceAccount: 'web' });
  }
});

test.each([
  ['ready', true],
  ['restarting', true],
  ['starting', false],
  ['none', false],
] as const)('a pod whose sidecar is %s is dialled through it: %s', (sidecar, through) => {
  const changes = [...WEB, makePod('shop/web-5d-x', { ip: '10.1.0.1', sidecar })];
  expect(endpointsAfter(changes)[0]?.mesh !== null).toBe(through);
});

test('a sidecar that starts gets its orders, which it needs to become ready; a pod without one gets none', () => {
  const { inventory } = clusterAfter([...WEB, makePod('shop/web-5d-x', { ip: '10.1.0.1', sidecar: 'starting' }), makePod('shop/web-5d-y', { ip: '10.1.0.2', sidecar: 'none' })]);
  const orders = new ClusterOrders(inventory, NAMES.trustDomain);
  expect(orders.update(['shop/deployment/web'], 1)).toEqual(['shop/deployment/web/web-5d-x']);
  expect(orders.orders('shop/deployment/web', 'web-5d-x')).toMatchObject({
    workload: 'shop/deployment/web',
    inbound: { mesh: { host: '0.0.0.0', port: 4143 }, ports: [{ target: { host: '10.1.0.1', port: 8080 }, services: ['shop/web'], protocol: 'detect' }] },
    transparent: { addresses: ['10.1.0.1'], outboundPort: 4140, plainPort: 4142, ownPorts: [4190, 4191], services: [], discovery: true },
  });
});

test.each([
  ['unready', { conditions: { ready: false, serving: true, terminating: true } }, 1],
  ['of unknown readiness', { conditions: {} }, 2],
  ['without conditions', {}, 2],
])('an endpoint %s: %j', (_, over, count) => {
  const changes = [...WEB, makeSlice('shop/web', [podEndpoint('shop/web-5d-x', '10.1.0.1', over), podEndpoint('shop/web-5d-y', '10.1.0.2')])];
  expect(endpointsAfter(changes)).toHaveLength(count);
});

test('an endpoint that is not ready still takes what is on its way: its inbound port stays', () => {
  const { inventory } = clusterAfter([...WEB, makeSlice('shop/web', [podEndpoint('shop/web-5d-x', '10.1.0.1', { conditions: { ready: false } })])]);
  const orders = new ClusterOrders(inventory, NAMES.trustDomain);
  orders.update(['shop/deployment/web'], 1);
  expect(orders.orders('shop/deployment/web', 'web-5d-x')?.inbound.ports).toHaveLength(1);
  expect(orders.orders('shop/deployment/web', 'web-5d-y')?.inbound.ports).toEqual([]);
});

test('callers of a zone are sent where the hint says, else where the endpoint is; an instance’s own zone is its node’s', () => {
  const changes = [...WEB, node('eu-1c'), makeSlice('shop/web', [podEndpoint('shop/web-5d-x', '10.1.0.1', { zone: 'eu-1a', hints: { forZones: [{ name: 'eu-1b' }] } }), podEndpoint('shop/web-5d-y', '10.1.0.2', { zone: 'eu-1a' })])];
  expect(endpointsAfter(changes).map(({ zone }) => zone)).toEqual(['eu-1b', 'eu-1a']);
  expect(clusterAfter(changes).inventory.workloads.list()[0]?.instances.map(({ zone }) => zone)).toEqual(['eu-1c', 'eu-1c']);
});

test.each([
  [undefined, {}, 'detect'],
  ['http', {}, 'http1'],
  ['HTTP', {}, 'http1'],
  ['kubernetes.io/ws', {}, 'http1'],
  ['kubernetes.io/h2c', {}, 'http2'],
  ['grpc', {}, 'http2'],
  ['tcp', {}, 'opaque'],
  ['linkerd.io/opaque', {}, 'opaque'],
  ['https', {}, 'detect'],
  ['constructor', {}, 'detect'],
  [undefined, { [NAMES.opaquePortsAnnotation]: '25, 70-90' }, 'opaque'],
  ['http', { [NAMES.opaquePortsAnnotation]: 'http' }, 'opaque'],
  ['http', { [NAMES.opaquePortsAnnotation]: '8080,81-90,90-70,,x' }, 'http1'],
] as const)('appProtocol %s with %j is spoken as %s', (appProtocol, annotations, expected) => {
  const ports = [{ name: 'http', port: 80, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  const { inventory } = clusterAfter([makeKubeService('shop/web', { ports }, annotations)]);
  expect(inventory.protocolOf('shop/web', 80)).toBe(expected);
});

test('a namespace’s annotations hold for what in it says nothing, from the moment that they change', () => {
  const { cluster, inventory } = clusterAfter([...WEB, makeKubeService('shop/own', {}, { [NAMES.opaquePortsAnnotation]: '' })]);
  cluster.apply(annotated('80'));
  expect(cluster.settle().changed).toBe(true);
  expect([inventory.protocolOf('shop/web', 80), inventory.protocolOf('shop/own', 80)]).toEqual(['opaque', 'detect']);
  expect(inventory.workloads.list()[0]?.inboundPolicy).toBe('all-authenticated');
  cluster.apply({ kind: 'namespace', key: '/shop', object: null });
  cluster.settle();
  expect(inventory.protocolOf('shop/web', 80)).toBe('detect');
});

test('named ports lead where each slice says; UDP is left out; a port that the Service has no more is not served', () => {
  const changes = [
    ...WEB,
    makeKubeService('shop/web', { ports: [{ name: 'http', port: 80 }, { name: 'admin', port: 90 }, { name: 'dns', port: 53, protocol: 'UDP' }] }),
    makeSlice('shop/web', [podEndpoint('shop/web-5d-y', '10.1.0.2')], { suffix: 'b', port: 9999, portName: 'admin' }),
    makeSlice('shop/web', [podEndpoint('shop/web-5d-y', '10.1.0.2')], { suffix: 'c', port: 9000, portName: 'former' }),
  ];
  expect(endpointsAfter(changes, 'shop/web', 90)).toMatchObject([{ address: { host: '10.1.0.2', port: 9999 } }]);
  const { inventory } = clusterAfter(changes);
  expect(inventory.services.get('shop/web')?.ports.map(({ port }) => port)).toEqual([80, 90]);
  expect(inventory.workloads.list().flatMap(({ instances }) => instances.flatMap(({ ports }) => ports.map(({ target }) => target.port)))).not.toContain(9000);
});

test('a headless Service has no address; its pods are dialled under its name', () => {
  const { inventory } = clusterAfter([...WEB, makeKubeService('shop/web', { clusterIPs: ['None'], clusterIP: 'None' })]);
  expect(inventory.services.get('shop/web')?.addresses).toBeUndefined();
  expect(new ClusterOrders(inventory, NAMES.trustDomain).destination({ host: '10.1.0.2', port: 8080 })).toMatchObject({ kind: 'endpoint', service: 'shop/web', endpoint: { instance: 'web-5d-y' } });
});

test('a pod without a sidecar is known by its address and dialled in plain text; one on the node’s network is not known by it', () => {
  const { inventory } = clusterAfter([
    makePod('shop/plain-1', { ip: '10.1.0.7', sidecar: 'none' }), makePod('shop/host-1', { ip: '192.168.0.4', spec: { hostNetwork: true } }),
    makeKubeService('shop/host'), makeSlice('shop/host', [podEndpoint('shop/host-1', '192.168.0.4')]),
  ]);
  const orders = new ClusterOrders(inventory, NAMES.trustDomain);
  expect(orders.destination({ host: '10.1.0.7', port: 8080 })).toMatchObject({ kind: 'endpoint', endpoint: { workload: 'shop/replicaset/plain', mesh: null } });
  expect(orders.destination({ host: '192.168.0.4', port: 8080 })).toEqual({ kind: 'external' });
  expect(orders.destination({ host: '10.96.0.10', port: 80 })).toMatchObject({ kind: 'service', to: { endpoints: [{ instance: 'host-1', mesh: null }] } });
});

test('addresses behind a Service that are no pods are endpoints of one workload without sidecars', () => {
  const slice = makeSlice('shop/db', [{ addresses: ['203.0.113.9'] }, { addresses: ['203.0.113.8'] }], { port: 5432 });
  const service = makeKubeService('shop/db', { ports: [{ name: 'http', port: 5432 }] });
  expect(endpointsAfter([slice, service], 'shop/db', 5432)).toMatchObject([
    { address: { host: '203.0.113.8', port: 5432 }, workload: 'shop/endpoints/db', instance: '203.0.113.8', mesh: null },
    { address: { host: '203.0.113.9' } },
  ]);
  const { cluster, inventory } = clusterAfter([slice, service]);
  cluster.apply(gone(slice));
  cluster.settle();
  expect(inventory.workloads.size).toBe(0);
});

test('an alias of an outside name is no service', () => {
  expect(clusterAfter([makeKubeService('shop/far', { type: 'ExternalName' })]).inventory.services.size).toBe(0);
});

test('a pod that ended gives its address up', () => {
  const { cluster, inventory } = clusterAfter([...WEB, makePod('shop/web-5d-x', { status: { phase: 'Failed' } })]);
  expect(new ClusterOrders(inventory, NAMES.trustDomain).destination({ host: '10.1.0.1', port: 1 })).toEqual({ kind: 'external' });
  expect(cluster.podOwner('shop/web-5d-x')).toBeNull();
});

test('while a rollout changes the service account, each pod is expected under its own', () => {
  const [x, y] = endpointsAfter([...WEB, makePod('shop/web-5d-y', { ip: '10.1.0.2', spec: { serviceAccountName: 'web2' } })]);
  expect([x?.mesh?.identity, y?.mesh?.identity].map((identity) => identity?.split('.')[0])).toEqual(['web', 'web2']);
});

test('only what a change concerns is looked at anew, and only who serves is told', () => {
  const others = Array.from({ length: 50 }, (_, at) => [makeOwner('replicaset', `shop/s${at}-5d`, { kind: 'Deployment', name: `s${at}` }), makePod(`shop/s${at}-5d-x`, { ip: `10.2.0.${at}` }), makeKubeService(`shop/s${at}`, { clusterIPs: [`10.96.1.${at}`] }), makeSlice(`shop/s${at}`, [podEndpoint(`shop/s${at}-5d-x`, `10.2.0.${at}`)])]).flat();
  const { cluster, inventory } = clusterAfter([...WEB, ...others]);
  const orders = new ClusterOrders(inventory, NAMES.trustDomain);
  expect(orders.update(inventory.workloads.list().map(({ key }) => key), 1)).toHaveLength(52);
  cluster.apply(makeSlice('shop/web', [podEndpoint('shop/web-5d-y', '10.1.0.2')]));
  const settled = cluster.settle();
  expect(settled).toEqual({ services: ['shop/web'], workloads: ['shop/deployment/web'], changed: true });
  expect(orders.update(settled.workloads, 2)).toEqual(['shop/deployment/web/web-5d-x']);
  expect(orders.destination({ host: '10.96.0.10', port: 80 })).toMatchObject({ to: { endpoints: [{ instance: 'web-5d-y' }] } });
  cluster.apply(makeSlice('shop/web', [podEndpoint('shop/web-5d-y', '10.1.0.2')]));
  expect(cluster.settle().changed).toBe(false);
});

test('with 1,000 services of 10 endpoints a change is worked out, and told to who asks, in a fraction of a second', () => {
  const address = (service: number, pod: number): string => `10.${service >> 8}.${service & 255}.${pod + 1}`;
  const { cluster, inventory } = clusterAfter(Array.from({ length: 1_000 }, (_, s) => [
    makeOwner('replicaset', `shop/s${s}-5d`, { kind: 'Deployment', name: `s${s}` }),
    makeKubeService(`shop/s${s}`, { clusterIPs: [`10.96.${s >> 8}.${s & 255}`] }),
    ...Array.from({ length: 10 }, (_pod, p) => makePod(`shop/s${s}-5d-${p}`, { ip: address(s, p) })),
    makeSlice(`shop/s${s}`, Array.from({ length: 10 }, (_pod, p) => podEndpoint(`shop/s${s}-5d-${p}`, address(s, p)))),
  ]).flat());
  const orders = new ClusterOrders(inventory, NAMES.trustDomain);
  expect(orders.update(inventory.workloads.list().map(({ key }) => key), 1)).toHaveLength(10_000);
  const startedMs = performance.now();
  for (let change = 0; change < 5; change++) {
    cluster.apply(makeSlice('shop/s7', [podEndpoint(`shop/s7-5d-${change}`, address(7, change))]));
    expect(orders.update(cluster.settle().workloads, 2).length).toBeLessThanOrEqual(9);
    expect(orders.destination({ host: '10.96.0.7', port: 80 })).toMatchObject({ to: { endpoints: [{ instance: `s7-5d-${change}` }] } });
  }
  // 5 changes; one takes some 10 ms on an idle core.
  expect(performance.now() - startedMs).toBeLessThan(2_500);
});

test('a Service that loses a port takes it from the orders of who serves it', () => {
  const { cluster, inventory } = clusterAfter(WEB);
  const orders = new ClusterOrders(inventory, NAMES.trustDomain);
  orders.update(['shop/deployment/web'], 1);
  cluster.apply(gone(makeKubeService('shop/web')));
  expect(orders.update(cluster.settle().workloads, 2)).toHaveLength(2);
  expect(orders.orders('shop/deployment/web', 'web-5d-x')?.inbound.ports).toEqual([]);
});

/** A generator of small numbers that is the same in each run. */
function sequenceOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test.each([1, 2, 3, 4, 5])('whatever the order of changes, the inventory is that of the objects that are left (seed %i)', (seed) => {
  const next = sequenceOf(seed);
  const sidecars = ['none', 'starting', 'ready', 'restarting'] as const;
  const anyChange = (): ClusterChange => {
    const at = next(4);
    const made = [
      () => makePod(`shop/web-${next(2)}-${at}`, { ip: `10.1.0.${at}`, sidecar: sidecars[next(4)] ?? 'none', spec: { serviceAccountName: `sa${next(2)}` } }),
      () => makeOwner('replicaset', `shop/web-${next(2)}`, next(3) === 0 ? null : { kind: 'Deployment', name: `d${next(2)}` }),
      () => makeKubeService(`shop/s${next(2)}`, { ports: [{ name: 'http', port: 80 + next(3) }] }),
      () => makeSlice(`shop/s${next(2)}`, [podEndpoint(`shop/web-${next(2)}-${at}`, `10.1.0.${at}`, { conditions: { ready: next(2) === 0 } }), { addresses: [`203.0.113.${at}`] }], { suffix: `${next(2)}` }),
      () => node(`zone-${next(2)}`),
      () => annotated(`8${next(3)}`),
    ][next(6)];
    const change = made?.() ?? node('zone-0');
    return next(4) === 0 ? gone(change) : change;
  };
  const inventory = new Inventory();
  const cluster = new Cluster(inventory, NAMES);
  const left = new Map<string, ClusterChange>();
  for (let round = 0; round < 300; round++) {
    const change = anyChange();
    left.set(`${change.kind} ${change.key}`, change);
    cluster.apply(change);
    if (next(3) === 0) cluster.settle();
  }
  cluster.settle();
  const fresh = clusterAfter([...left.values()].filter(({ object }) => object !== null)).inventory;
  expect(inventory.services.list()).toEqual(fresh.services.list());
  expect(inventory.workloads.list()).toEqual(fresh.workloads.list());
  expect(inventory.workloads.size).toBeGreaterThan(0);
});

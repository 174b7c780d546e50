import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseStatic } from './config.ts';
import { schemaJson } from './schema.ts';
import { FAULTS_MAX } from './validate.ts';

const CART = 'cart.shop.serviceaccount.identity.sidelight.cluster.local';

function file(): Record<string, unknown> & { inbound: Record<string, unknown>; outbound: Record<string, unknown>[] } {
  return {
    workload: 'shop/host/web',
    certificate: { chainFile: 'leaf.pem', keyFile: 'key.pem', trustAnchorsFile: '/etc/anchors.pem' },
    inbound: { mesh: '127.0.0.1:4143', ports: [{ target: '127.0.0.1:8080', services: ['shop/web', 'shop/api'], plain: '[::1]:8081' }] },
    outbound: [
      {
        listen: '127.0.0.1:9001', service: 'shop/cart', port: 80,
        endpoints: [
          { address: '127.0.0.1:8082', workload: 'shop/host/cart', mesh: { address: '127.0.0.1:4144', identity: CART } },
          { address: '10.0.0.7:6379', workload: 'shop/host/store', instance: 'store-1' },
        ],
      },
    ],
  };
}

function faultsOf(value: unknown): { code: string; pointer: string }[] {
  const parsed = parseStatic(typeof value === 'string' ? value : JSON.stringify(value));
  if (parsed.kind !== 'faults') throw new Error('the file was taken');
  for (const fault of parsed.faults) expect(fault.message.length * fault.remedy.length).toBeGreaterThan(0);
  return parsed.faults.map(({ code, pointer }) => ({ code, pointer }));
}

test('schema.json is what the code validates by', () => {
  expect(readFileSync(new URL('schema.json', import.meta.url), 'utf8')).toBe(schemaJson());
});

test('a file becomes the orders that a control plane would have sent, with the defaults filled in', () => {
  const parsed = parseStatic(JSON.stringify(file()));
  expect(parsed).toEqual({
    kind: 'config',
    config: {
      workload: 'shop/host/web', instance: 'web', trustDomain: 'cluster.local', admin: { host: '127.0.0.1', port: 4191 }, logLevel: 'info', handover: null,
      certificate: { chain: 'leaf.pem', key: 'key.pem', trustAnchors: '/etc/anchors.pem' },
      orders: {
        workload: 'shop/host/web', trustDomain: 'cluster.local',
        inbound: {
          mesh: { host: '127.0.0.1', port: 4143 }, policy: 'all-unauthenticated',
          ports: [{ target: { host: '127.0.0.1', port: 8080 }, services: ['shop/api', 'shop/web'], protocol: 'http1', plain: { host: '::1', port: 8081 } }],
        },
        outbound: [
          {
            listen: { host: '127.0.0.1', port: 9001 }, service: 'shop/cart', port: 80, protocol: 'http1',
            endpoints: [
              { address: { host: '127.0.0.1', port: 8082 }, workload: 'shop/host/cart', instance: 'cart', mesh: { address: { host: '127.0.0.1', port: 4144 }, identity: CART } },
              { address: { host: '10.0.0.7', port: 6379 }, workload: 'shop/host/store', instance: 'store-1', mesh: null },
            ],
          },
        ],
      },
    },
  });
});

test('access log and traces become orders, with shares in place of percent', () => {
  const parsed = parseStatic(JSON.stringify({ ...file(), accessLog: 'apache', tracing: { collector: 'http://10.0.0.5:4318/v1/traces', sharePercent: 5 } }));
  expect(parsed).toMatchObject({ config: { orders: { telemetry: { accessLog: 'apache', tracing: { collector: 'http://10.0.0.5:4318/v1/traces', share: 0.05 } } } } });
  expect(faultsOf({ ...file(), accessLog: 'loud', tracing: { collector: '10.0.0.5:4318', sharePercent: 101 } }).map(({ pointer }) => pointer)).toEqual(['/accessLog', '/tracing/collector', '/tracing/sharePercent']);
});

test('all faults of a file are told at once, each with its place', () => {
  const broken = file();
  broken['workload'] = 'Shop/web';
  broken['adminn'] = '127.0.0.1:1';
  broken['logLevel'] = 'loud';
  delete broken.inbound['mesh'];
  broken.inbound['a/b~c'] = 1;
  broken.outbound.push({ listen: 'localhost:80', service: 'cart', port: 70_000, endpoints: {} });
  expect(faultsOf(broken)).toEqual([
    { code: 'static_invalid', pointer: '/workload' },
    { code: 'static_missing', pointer: '/inbound/mesh' },
    { code: 'static_unknown', pointer: '/inbound/a~1b~0c' },
    { code: 'static_invalid', pointer: '/outbound/1/listen' },
    { code: 'static_invalid', pointer: '/outbound/1/service' },
    { code: 'static_invalid', pointer: '/outbound/1/port' },
    { code: 'static_invalid', pointer: '/outbound/1/endpoints' },
    { code: 'static_unknown', pointer: '/adminn' },
    { code: 'static_invalid', pointer: '/logLevel' },
  ]);
});

test.each([
  ['not JSON', '{"workload": }', [{ code: 'static_not_json', pointer: '' }]],
  ['a list', '[]', [{ code: 'static_invalid', pointer: '' }]],
  ['nothing in it', '{}', ['workload', 'certificate', 'inbound'].map((name) => ({ code: 'static_missing', pointer: `/${name}` }))],
])('a file that is %s is refused', (_, text, faults) => {
  expect(faultsOf(text)).toEqual(faults);
});

test.each(['127.0.0.1', '127.0.0.1:0', '127.0.0.1:65536', '256.0.0.1:80', 'web:80', '::1:80', '127.0.0.1:080', ' 127.0.0.1:80', '127.0.0.1:80\n', 80, null])('%j is no address', (admin) => {
  expect(faultsOf({ ...file(), admin })).toEqual([{ code: 'static_invalid', pointer: '/admin' }]);
});

test('two listeners on one address, two ports of one target and an identity of another trust domain are conflicts', () => {
  const broken = file();
  broken['admin'] = '127.0.0.1:9001';
  broken['trustDomain'] = 'example.org';
  broken.inbound['ports'] = [1, 2].map(() => ({ target: '127.0.0.1:8080', services: ['shop/web'] }));
  expect(faultsOf(broken)).toEqual([
    { code: 'static_conflict', pointer: '/outbound/0/listen' },
    { code: 'static_conflict', pointer: '/inbound/ports/1/target' },
    { code: 'static_conflict', pointer: '/outbound/0/endpoints/0/mesh/identity' },
  ]);
});

test('a name that every object inherits is no setting', () => {
  expect(faultsOf(JSON.stringify(file()).replace('{', '{"__proto__": 1, "constructor": 2,'))).toEqual([
    { code: 'static_unknown', pointer: '/__proto__' },
    { code: 'static_unknown', pointer: '/constructor' },
  ]);
});

test('the list of faults ends at its limit', () => {
  const broken = { ...file(), outbound: Array.from({ length: 1_000 }, () => ({})) };
  expect(faultsOf(broken)).toHaveLength(FAULTS_MAX);
});

test.each([
  ['detect', 80, 8080, 'detect', 'detect'],
  ['detect', 80, 6379, 'opaque', 'opaque'],
  ['detect', 5432, 15_432, 'opaque', 'detect'],
  ['http2', 5432, 5432, 'http2', 'http2'],
] as const)('%s at service port %i and app port %i is %s to callers and %s to the callee', (protocol, port, target, outbound, inbound) => {
  const changed = file();
  changed.outbound = [{ listen: '127.0.0.1:9001', service: 'shop/cart', port, protocol, endpoints: [{ address: `127.0.0.1:${target}`, workload: 'shop/host/cart' }] }];
  changed.inbound = { mesh: '127.0.0.1:4143', ports: [{ target: `127.0.0.1:${target}`, services: ['shop/cart'], protocol }] };
  const parsed = parseStatic(JSON.stringify(changed));
  if (parsed.kind !== 'config') throw new Error(JSON.stringify(parsed.faults));
  const { orders } = parsed.config;
  expect([orders.outbound[0]?.protocol, orders.inbound.ports[0]?.protocol]).toEqual([outbound, inbound]);
});

const transparent = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  addresses: ['10.1.0.2', 'FD00:1::0002'],
  services: [{ addresses: ['10.96.0.10'], service: 'shop/cart', port: 80, endpoints: [{ address: '10.1.0.3:8080', workload: 'shop/host/cart', mesh: { address: '10.1.0.3:4143', identity: CART } }] }],
  ...over,
});

test('a transparent workload’s file has its addresses in one form, the field’s ports, and nobody to ask', () => {
  const parsed = parseStatic(JSON.stringify({ ...file(), transparent: transparent() }));
  expect(parsed.kind === 'config' && parsed.config.orders.transparent).toEqual({
    addresses: ['10.1.0.2', 'fd00:1::2'], outboundPort: 4140, plainPort: 4142, ownPorts: [4190, 4191], discovery: false,
    services: [{
      addresses: ['10.96.0.10'],
      to: {
        service: 'shop/cart', port: 80, protocol: 'http1',
        endpoints: [{ address: { host: '10.1.0.3', port: 8080 }, workload: 'shop/host/cart', instance: 'cart', mesh: { address: { host: '10.1.0.3', port: 4143 }, identity: CART } }],
      },
    }],
  });
});

test.each([
  [{ addresses: [] }, [{ code: 'static_invalid', pointer: '/transparent/addresses' }]],
  [{ addresses: ['10.1.0.2:80'] }, [{ code: 'static_invalid', pointer: '/transparent/addresses/0' }]],
  [{ addresses: ['1::2::3'] }, [{ code: 'static_invalid', pointer: '/transparent/addresses/0' }]],
  [{ outboundPort: 0 }, [{ code: 'static_invalid', pointer: '/transparent/outboundPort' }]],
  [{ discovery: true }, [{ code: 'static_unknown', pointer: '/transparent/discovery' }]],
])('transparent %j is refused where it is wrong', (over, faults) => {
  expect(faultsOf({ ...file(), transparent: transparent(over) })).toEqual(faults);
});

test('policy, zones and weights of the file are those of the orders', () => {
  const parsed = parseStatic(JSON.stringify({
    ...file(), zone: 'eu-1a',
    outbound: [{
      ...file().outbound[0], balancer: { successRate: { threshold: 0.5 } }, retry: {}, timeout: { response: '2s' },
      endpoints: [{ address: '127.0.0.1:8082', workload: 'shop/host/cart', zone: 'eu-1b', weight: 0.5 }],
    }],
  }));
  expect(parsed.kind === 'config' && parsed.config.orders).toMatchObject({
    zone: 'eu-1a',
    outbound: [{
      endpoints: [{ zone: 'eu-1b', weight: 0.5 }],
      policy: { balancer: { breaker: { kind: 'success-rate', threshold: 0.5 } }, retry: { limit: 1, methods: 'idempotent' }, timeout: { responseMs: 2_000 } },
    }],
  });
});

test.each([
  [{ retry: { http: ['2xx'] } }, 'static_invalid', '/outbound/0/retry/http/0'],
  [{ retry: { limit: 1.5 } }, 'static_invalid', '/outbound/0/retry/limit'],
  [{ retry: { grpc: ['ok'] } }, 'static_invalid', '/outbound/0/retry/grpc/0'],
  [{ timeout: { request: '5' } }, 'static_invalid', '/outbound/0/timeout/request'],
  [{ timeout: { idle: '90h' } }, 'static_invalid', '/outbound/0/timeout/idle'],
  [{ timeout: { total: '5s' } }, 'static_unknown', '/outbound/0/timeout/total'],
  [{ balancer: { successRate: { threshold: 80 } } }, 'static_invalid', '/outbound/0/balancer/successRate/threshold'],
  [{ balancer: { successRate: {}, consecutiveFailures: 7 } }, 'static_conflict', '/outbound/0/balancer'],
  [{ balancer: { consecutiveFailures: 7, penalty: { min: '2m' } } }, 'static_conflict', '/outbound/0/balancer/penalty/min'],
])('the policy %j is refused with %s at its place', (policy, code, pointer) => {
  expect(faultsOf({ ...file(), outbound: [{ ...file().outbound[0], ...policy }] })).toEqual([{ code, pointer }]);
});

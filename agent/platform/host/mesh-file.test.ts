import { expect, test } from 'vitest';
import { formatFault } from './faults.ts';
import { parseMesh } from './mesh-file.ts';

const GOOD = `apiVersion: sidelight.dev/v1
kind: Mesh
control:
  listen: 127.0.0.1:8086
services:
  - name: web
    namespace: shop
    ports: [{ port: 80 }]
  - name: db
    namespace: data
    ports: [{ port: 5432, protocol: opaque }]
workloads:
  - name: web
    namespace: shop
    instances:
      - name: web-1
        mesh: 127.0.0.1:4143
        ports:
          - { service: web, port: 80, target: 127.0.0.1:8080, plain: 127.0.0.1:8081 }
        upstreams:
          - { service: data/db, port: 5432, listen: 127.0.0.1:9001 }
  - name: db
    namespace: data
    serviceAccount: postgres
    inboundPolicy: all-authenticated
    instances:
      - name: db-1
        ports:
          - { service: db, port: 5432, target: "[::1]:5432" }
`;

const codes = (text: string): string[] => {
  const result = parseMesh(text);
  return result.kind === 'mesh' ? [] : result.faults.map(({ code, line }) => `${line} ${code}`);
};
const change = (from: string, to: string): string => {
  if (!GOOD.includes(from)) throw new Error(`"${from}" is not in the good file`);
  return GOOD.replace(from, to);
};

test('a workload says what its proxies write and trace, and nothing where it says nothing', () => {
  const result = parseMesh(change('    inboundPolicy: all-authenticated\n', '    inboundPolicy: all-authenticated\n    telemetry: { accessLog: json, tracing: { collector: "http://10.0.0.9:4318/v1/traces", share: 0.01 } }\n'));
  if (result.kind !== 'mesh') throw new Error(JSON.stringify(result.faults));
  const [web, db] = result.mesh.workloads;
  expect(web).not.toHaveProperty('telemetry');
  expect(db?.telemetry).toEqual({ accessLog: 'json', tracing: { collector: 'http://10.0.0.9:4318/v1/traces', share: 0.01 } });
});

test.each(['{ accessLog: loud }', '{ tracing: { collector: "10.0.0.9:4318" } }', '{ tracing: { collector: "http://a/", share: 2 } }', '{ loud: true }'])('the telemetry %s is refused with its line', (telemetry) => {
  const faults = codes(change('    inboundPolicy: all-authenticated\n', `    inboundPolicy: all-authenticated\n    telemetry: ${telemetry}\n`));
  expect(faults).toHaveLength(1);
});

test('a good file becomes services and workloads with their defaults', () => {
  const result = parseMesh(GOOD);
  if (result.kind !== 'mesh') throw new Error(JSON.stringify(result.faults));
  expect(result.mesh).toMatchObject({
    trustDomain: 'cluster.local',
    control: { host: '127.0.0.1', port: 8086 },
    services: [
      { key: 'shop/web', ports: [{ port: 80, protocol: 'http1' }] },
      { key: 'data/db', ports: [{ port: 5432, protocol: 'opaque' }] },
    ],
    workloads: [
      { key: 'shop/host/web', serviceAccount: 'web', identity: 'web.shop.serviceaccount.identity.sidelight.cluster.local', inboundPolicy: 'all-unauthenticated' },
      { key: 'data/host/db', serviceAccount: 'postgres', identity: 'postgres.data.serviceaccount.identity.sidelight.cluster.local', inboundPolicy: 'all-authenticated' },
    ],
  });
  expect(result.mesh.workloads[0]?.instances[0]).toEqual({
    name: 'web-1',
    mesh: { host: '127.0.0.1', port: 4143 },
    ports: [{ service: 'shop/web', port: 80, target: { host: '127.0.0.1', port: 8080 }, plain: { host: '127.0.0.1', port: 8081 } }],
    upstreams: [{ service: 'data/db', port: 5432, listen: { host: '127.0.0.1', port: 9001 } }],
  });
  expect(result.mesh.workloads[1]?.instances[0]).toMatchObject({ mesh: null, upstreams: [], ports: [{ target: { host: '::1', port: 5432 } }] });
});

test.each([
  { what: 'an unknown service in an upstream', text: change('data/db, port', 'data/mysql, port'), faults: ['21 mesh_service_unknown'] },
  { what: 'an unknown service of a served port', text: change('service: web,', 'service: wbe,'), faults: ['19 mesh_service_unknown'] },
  { what: 'a port that the service does not have', text: change('db, port: 5432, listen', 'db, port: 5433, listen'), faults: ['21 mesh_port_unknown'] },
  { what: 'a service twice', text: change('name: db\n    namespace: data\n    ports', 'name: web\n    namespace: shop\n    ports'), faults: ['9 mesh_name_duplicate', '21 mesh_service_unknown', '29 mesh_service_unknown'] },
  { what: 'an upstream that listens for all', text: change('listen: 127.0.0.1:9001', 'listen: 0.0.0.0:9001'), faults: ['21 mesh_listen_not_loopback'] },
  { what: 'a listener on the app’s port', text: change('listen: 127.0.0.1:9001', 'listen: 127.0.0.1:8080'), faults: ['21 mesh_address_clash'] },
  { what: 'a listener on the control port', text: change('mesh: 127.0.0.1:4143', 'mesh: 127.0.0.1:8086'), faults: ['17 mesh_address_clash'] },
  { what: 'a wildcard listener over another', text: change('plain: 127.0.0.1:8081', 'plain: 0.0.0.0:9001'), faults: ['21 mesh_address_clash'] },
  { what: 'an address by name', text: change('mesh: 127.0.0.1:4143', 'mesh: localhost:4143'), faults: ['17 mesh_address_invalid'] },
  { what: 'an address without port', text: change('mesh: 127.0.0.1:4143', 'mesh: 127.0.0.1'), faults: ['17 mesh_address_invalid'] },
  { what: 'a port out of range', text: change('mesh: 127.0.0.1:4143', 'mesh: 127.0.0.1:70000'), faults: ['17 mesh_address_invalid'] },
  { what: 'a wildcard that others dial', text: change('mesh: 127.0.0.1:4143', 'mesh: 0.0.0.0:4143'), faults: ['17 mesh_address_invalid'] },
  { what: 'upstreams without a sidecar', text: change('        mesh: 127.0.0.1:4143\n', ''), faults: ['18 mesh_sidecar_missing', '20 mesh_sidecar_missing'] },
  { what: 'an unknown key', text: change('    serviceAccount', '    serviceacount'), faults: ['24 mesh_key_unknown'] },
  { what: 'a missing key', text: change('control:\n  listen: 127.0.0.1:8086\n', ''), faults: ['1 mesh_key_missing'] },
  { what: 'a bad name', text: change('name: web-1', 'name: Web_1'), faults: ['16 mesh_value_invalid'] },
  { what: 'another version', text: change('sidelight.dev/v1', 'sidelight.dev/v9'), faults: ['1 mesh_value_invalid'] },
  { what: 'a key twice', text: change('kind: Mesh\n', 'kind: Mesh\nkind: Mesh\n'), faults: ['3 mesh_key_duplicate'] },
  { what: 'an instance twice', text: change('        upstreams:\n', '        upstreams: []\n      - name: web-1\n        mesh: 127.0.0.1:4144\n        upstreams:\n'), faults: ['21 mesh_name_duplicate'] },
  { what: 'no YAML', text: 'a: [1, 2', faults: ['1 mesh_syntax'] },
  { what: 'nothing', text: '', faults: ['1 mesh_value_invalid'] },
  { what: 'a bomb of aliases', text: 'a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c]\n', faults: ['1 mesh_syntax', '1 mesh_value_invalid'] },
  { what: 'a list', text: '- a\n', faults: ['1 mesh_value_invalid'] },
])('$what is told with its line', ({ text, faults }) => {
  expect(codes(text)).toEqual(faults);
});

test('a file with five faults lists all five, each with place, code and remedy', () => {
  const bad = `apiVersion: sidelight.dev/v2
kind: Mesh
control: { listen: 127.0.0.1:8086 }
services:
  - { name: web, namespace: shop, ports: [{ port: 0 }] }
  - { name: cart, namespace: shop, ports: [{ port: 80 }] }
workloads:
  - name: web
    namespace: shop
    colour: green
    instances: []
  - name: cart
    namespace: shop
    instances:
      - name: cart-1
        mesh: 127.0.0.1:8086
        ports: [{ service: cart, port: 80, target: 127.0.0.1:8080 }]
        upstreams:
          - { service: nobody, port: 80, listen: 127.0.0.1:9001 }
`;
  expect(codes(bad)).toEqual(['1 mesh_value_invalid', '5 mesh_value_invalid', '10 mesh_key_unknown', '16 mesh_address_clash', '19 mesh_service_unknown']);
  const result = parseMesh(bad);
  if (result.kind !== 'faults' || !result.faults[4]) throw new Error('no faults');
  expect(formatFault('mesh.yaml', result.faults[4])).toBe(
    'mesh.yaml:19:24: there is no service shop/nobody (mesh_service_unknown): declare the service under services, or correct the name',
  );
});

test('services that share a target must agree', () => {
  const both = change('port: 80 }', 'port: 80 }, { port: 81, protocol: opaque }').replace(
    'plain: 127.0.0.1:8081 }',
    'plain: 127.0.0.1:8081 }\n          - { service: web, port: 81, target: 127.0.0.1:8080, plain: 127.0.0.1:8082 }',
  );
  expect(codes(both)).toEqual(['20 mesh_port_conflict', '20 mesh_port_conflict']);
});

test('loopback listeners of different hosts do not clash', () => {
  const second = change('        upstreams:\n', '        upstreams: []\n      - name: web-2\n        mesh: 10.0.0.7:4143\n        upstreams:\n')
    .replace('mesh: 127.0.0.1:4143', 'mesh: 10.0.0.6:4143')
    .replace('upstreams: []', 'upstreams: [{ service: data/db, port: 5432, listen: 127.0.0.1:9001 }]');
  expect(codes(second)).toEqual([]);
  expect(codes(second.replace('10.0.0.6', '10.0.0.7'))).toEqual(['22 mesh_address_clash', '24 mesh_address_clash']);
});

test('a bad entry does not hide the faults of what is in it', () => {
  const nested = `apiVersion: sidelight.dev/v1
kind: Mesh
control: { listen: 127.0.0.1:8086 }
workloads:
  - name: WEB
    namespace: shop
    instances:
      - mesh: nowhere
        ports: [{ service: web, port: 0, target: 127.0.0.1:8080 }]
        upstreams: [{ service: cart, port: 80 }]
`;
  expect(codes(nested)).toEqual(['5 mesh_value_invalid', '8 mesh_key_missing', '8 mesh_address_invalid', '9 mesh_value_invalid', '10 mesh_key_missing']);
});

const TRANSPARENT = `apiVersion: sidelight.dev/v1
kind: Mesh
control: { listen: 10.1.0.1:8086 }
services:
  - { name: web, namespace: shop, addresses: [10.96.0.10, "FD00:96:0::10"], ports: [{ port: 80 }] }
  - { name: cart, namespace: shop, addresses: [10.96.0.11], ports: [{ port: 80 }] }
workloads:
  - name: web
    namespace: shop
    instances:
      - name: web-1
        mesh: 10.1.0.2:4143
        transparent: { addresses: [10.1.0.2, "fd00:1::0002"] }
        ports: [{ service: web, port: 80, target: 10.1.0.2:8080 }]
  - name: cart
    namespace: shop
    instances:
      - name: cart-1
        mesh: 10.1.0.3:4143
        transparent: { addresses: [10.1.0.3], outboundPort: 5140, plainPort: 5142, ownPorts: [] }
        ports: [{ service: cart, port: 80, target: 10.1.0.3:8080 }]
`;

test('a transparent instance has its addresses in one form, and the field’s ports', () => {
  const result = parseMesh(TRANSPARENT);
  if (result.kind !== 'mesh') throw new Error(JSON.stringify(result.faults));
  expect(result.mesh.services[0]?.addresses).toEqual(['10.96.0.10', 'fd00:96::10']);
  expect(result.mesh.workloads.map(({ instances }) => instances[0]?.transparent)).toEqual([
    { addresses: ['10.1.0.2', 'fd00:1::2'], outboundPort: 4140, plainPort: 4142, ownPorts: [4190, 4191] },
    { addresses: ['10.1.0.3'], outboundPort: 5140, plainPort: 5142, ownPorts: [] },
  ]);
});

test.each([
  ['a target on loopback', 'target: 10.1.0.2:8080', 'target: 127.0.0.1:8080', ['14 mesh_address_not_own']],
  ['a mesh address of another host', 'mesh: 10.1.0.2:4143', 'mesh: 10.1.0.9:4143', ['12 mesh_address_not_own']],
  ['no sidecar', '        mesh: 10.1.0.2:4143\n', '', ['12 mesh_sidecar_missing']],
  ['an address of two instances', 'addresses: [10.1.0.3]', 'addresses: [10.1.0.3, 10.1.0.2]', ['20 mesh_address_clash']],
  ['an address of two services', 'addresses: [10.96.0.11]', 'addresses: [10.96.0.10]', ['6 mesh_address_clash']],
  ['a service’s address that is an instance’s', 'addresses: [10.96.0.11]', 'addresses: [10.1.0.2]', ['6 mesh_address_clash']],
  ['a target on the proxy’s outbound port', 'target: 10.1.0.2:8080', 'target: 10.1.0.2:4140', ['13 mesh_address_clash']],
  ['a target on the proxy’s admin port', 'target: 10.1.0.2:8080', 'target: 10.1.0.2:4191', ['13 mesh_address_clash']],
  ['no address', 'addresses: [10.1.0.3]', 'addresses: []', ['20 mesh_value_invalid']],
  ['loopback as an own address', 'addresses: [10.1.0.3]', 'addresses: [127.0.0.1]', ['20 mesh_address_invalid']],
  ['a name as a service’s address', 'addresses: [10.96.0.11]', 'addresses: [cart.shop]', ['6 mesh_address_invalid']],
])('transparent: %s is refused', (_, from, to, faults) => {
  expect(TRANSPARENT).toContain(from);
  expect(codes(TRANSPARENT.replace(from, to))).toEqual(faults);
});

test.each([
  ['grpc', 'http2'],
  ['http2', 'http2'],
  ['detect', 'detect'],
])('protocol %s of a port is %s to the proxies', (declared, protocol) => {
  const result = parseMesh(change('ports: [{ port: 80 }]', `ports: [{ port: 80, protocol: ${declared} }]`));
  expect(result.kind === 'mesh' && result.mesh.services[0]?.ports).toEqual([{ port: 80, protocol }]);
});

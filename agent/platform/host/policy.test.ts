import { expect, test } from 'vitest';
import { compileOrders } from '../../compile/orders.ts';
import { Inventory } from '../../inventory/inventory.ts';
import { parseMesh } from './mesh-file.ts';

/** A mesh with one service whose further members are `policy`, and one instance with `place`. */
function mesh(policy: string, place = ''): string {
  return `apiVersion: sidelight.dev/v1
kind: Mesh
control: { listen: 127.0.0.1:8086 }
services:
  - { name: web, namespace: shop, ports: [{ port: 80 }] }
  - name: cart
    namespace: shop
    ports: [{ port: 80 }]
${policy}
workloads:
  - name: web
    namespace: shop
    instances:
      - name: web-1
        zone: eu-1a
        mesh: 127.0.0.1:4143
        ports: [{ service: web, port: 80, target: 127.0.0.1:8080 }]
        upstreams: [{ service: cart, port: 80, listen: 127.0.0.1:9001 }]
  - name: cart
    namespace: shop
    instances:
      - name: cart-1
        mesh: 127.0.0.1:4144
${place}
        ports: [{ service: cart, port: 80, target: 127.0.0.1:8090 }]
`;
}

const faults = (text: string): string[] => {
  const result = parseMesh(text);
  return result.kind === 'mesh' ? [] : result.faults.map(({ code, message }) => `${code} ${message}`);
};

test('a service\'s policy, zones and weights come to its callers\' proxies as the file says them', () => {
  const text = mesh(
    `    balancer: { consecutiveFailures: 5, penalty: { max: 30s }, spill: 2 }
    retry: { http: [gateway-error], timeout: 300ms }
    timeout: { request: 5s, idle: 1m }`,
    '        zone: eu-1b\n        weight: 2.5',
  );
  const result = parseMesh(text);
  if (result.kind !== 'mesh') throw new Error(JSON.stringify(result.faults));
  const inventory = new Inventory();
  inventory.reset(result.mesh.services, result.mesh.workloads);
  const orders = compileOrders(inventory, 'cluster.local').get('shop/host/web/web-1');
  expect(orders?.zone).toBe('eu-1a');
  expect(orders?.outbound[0]).toMatchObject({
    policy: {
      balancer: { breaker: { kind: 'consecutive', failuresMax: 5, penaltyMsMin: 1_000, penaltyMsMax: 30_000, jitter: 0.5 }, spill: 2 },
      retry: { http: [[502, 504]], grpc: [], limit: 1, timeoutMs: 300, methods: 'idempotent' },
      timeout: { requestMs: 5_000, idleMs: 60_000 },
    },
    endpoints: [{ zone: 'eu-1b', weight: 2.5 }],
  });
});

test('a mesh that says nothing of it has the orders that it had', () => {
  const result = parseMesh(mesh(''));
  if (result.kind !== 'mesh') throw new Error(JSON.stringify(result.faults));
  expect(result.mesh.services[1]).toEqual({ key: 'shop/cart', ports: [{ port: 80, protocol: 'http1' }] });
  expect(JSON.stringify(result.mesh.workloads[1])).not.toMatch(/zone|weight/);
});

test('all faults of a policy are told at once', () => {
  const found = faults(mesh(
    `    balancer: { consecutiveFailures: 0, penalty: { min: 5 }, color: red }
    retry: { http: [2xx, 504-500], grpc: [ok], limit: 99, methods: post }
    timeout: { request: 5 days }`,
    '        weight: 0',
  ));
  expect(found.join('\n')).toMatch(/consecutiveFailures[^]*color|color[^]*consecutiveFailures/);
  for (const word of ['penalty', 'http', 'grpc', 'limit', 'methods', 'request', 'weight']) expect(found.join('\n')).toContain(word);
  expect(found.length).toBeGreaterThanOrEqual(9);
});

test.each([
  ['balancer: { consecutiveFailures: 7, successRate: {} }', 'judged by one of them'],
  ['balancer: { penalty: { min: 1s } }', 'none is'],
  ['balancer: { consecutiveFailures: 7, penalty: { min: 2m } }', 'longer than max'],
  ['retry: { limit: 0, timeout: 1s }', 'repeats none'],
])('%s contradicts itself', (policy, why) => {
  expect(faults(mesh(`    ${policy}`)).join('\n')).toContain(why);
});

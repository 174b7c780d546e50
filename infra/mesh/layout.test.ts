import { expect, test } from 'vitest';
import { type WorkloadPlan, addressesNeeded, layOut, meshFile } from './layout.ts';

const plans: readonly WorkloadPlan[] = [
  { name: 'web', namespace: 'shop', protocol: 'http1', calls: ['shop/cart', 'stores/sessions'], plain: true },
  { name: 'cart', namespace: 'shop', protocol: 'http1', calls: [], plain: false },
  { name: 'sessions', namespace: 'stores', protocol: 'opaque', calls: [], plain: false },
];
const ports = (count: number): number[] => Array.from({ length: count }, (_, index) => 9000 + index);

test('no two listeners share an address', () => {
  const layout = layOut(plans, ports(addressesNeeded(plans)));
  const all = [layout.control, layout.agentAdmin, ...layout.workloads.flatMap((w) => [w.mesh, w.target, w.admin, ...(w.plain === undefined ? [] : [w.plain]), ...w.upstreams.map((u) => u.listen)])];
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBe(addressesNeeded(plans));
});

test('too few ports, and a call to what is not planned, are refused', () => {
  expect(() => layOut(plans, ports(3))).toThrow(/needs 14 ports and got 3/);
  const lost: WorkloadPlan = { name: 'x', namespace: 'shop', protocol: 'http1', calls: ['shop/gone'], plain: false };
  expect(() => layOut([lost], ports(9))).toThrow('shop/gone is called but not planned');
});

test('the mesh file names services, targets, the plain listener and upstreams as the layout placed them', () => {
  const layout = layOut(plans, ports(addressesNeeded(plans)));
  const web = layout.workloads[0];
  expect(meshFile(layout)).toMatchObject({
    control: { listen: layout.control },
    services: [{ name: 'web', namespace: 'shop', ports: [{ port: 80, protocol: 'http1' }] }, { name: 'cart' }, { name: 'sessions', ports: [{ port: 80, protocol: 'opaque' }] }],
    workloads: [
      { name: 'web', instances: [{ name: 'web-1', mesh: web?.mesh, ports: [{ service: 'web', port: 80, target: web?.target, plain: web?.plain }], upstreams: [{ service: 'shop/cart', port: 80, listen: web?.upstreams[0]?.listen }, { service: 'stores/sessions' }] }] },
      { name: 'cart', instances: [{ upstreams: [] }] },
      { name: 'sessions' },
    ],
  });
});

import { expect, test } from 'vitest';
import { parseMesh } from '../../agent/platform/host/mesh-file.ts';
import { type WorkloadPlan, addressesNeeded, layOut, layOutPods, meshFile } from './layout.ts';
import { stringify } from 'yaml';

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

test('on pods each workload has its own addresses, calls services by theirs, and the mesh file is taken', () => {
  const pods = plans.map((plan, at) => ({ netns: `pod-${plan.name}`, addresses: [`198.18.9.${4 * at + 2}`, `fd00:198:9:${at}::2`], virtual: `198.19.9.${at + 1}` }));
  const layout = layOutPods(plans, pods, '198.18.9.254:8086', '127.0.0.1:9000');
  const [web, , sessions] = layout.workloads;
  expect(web).toMatchObject({ mesh: '198.18.9.2:4143', target: '198.18.9.2:8080', admin: '198.18.9.2:4191', plain: '198.18.9.2:8080' });
  expect(web?.upstreams).toEqual([{ service: 'shop/cart', protocol: 'http1', listen: '198.19.9.2:80' }, { service: 'stores/sessions', protocol: 'opaque', listen: '198.19.9.3:80' }]);
  expect(sessions).toMatchObject({ plain: undefined, pod: { netns: 'pod-sessions' } });
  expect(parseMesh(stringify(meshFile(layout)))).toMatchObject({ kind: 'mesh', mesh: { services: [{ key: 'shop/web', addresses: ['198.19.9.1'] }, {}, {}] } });
});

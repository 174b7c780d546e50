import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createTestCa } from '../test/test-ca.ts';
import type { ProxyOrders } from '../wire/orders.ts';
import { StateFolder } from './state-folder.ts';

const golden = readFileSync(`${import.meta.dirname}/../wire/golden/control-1/from-orders.json`, 'utf8');
const { orders } = JSON.parse(golden) as { orders: ProxyOrders };
const made: string[] = [];

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

function setUp() {
  const folder = join(mkdtempSync(join(tmpdir(), 'sidelight-state-')), 'state');
  made.push(join(folder, '..'));
  const state = new StateFolder(folder);
  state.open();
  return { folder, state };
}

function leafMaterial() {
  const ca = createTestCa();
  const leaf = ca.issue(['web.shop']);
  return { certificateChain: leaf.certificate, privateKey: leaf.privateKey, trustBundle: ca.certificate };
}

test('a folder that is new holds nothing, and that is no problem', () => {
  expect(setUp().state.load()).toEqual({ material: null, orders: null, problems: [] });
});

test('what was saved is loaded again, the newest of each', () => {
  const { folder, state } = setUp();
  const material = leafMaterial();
  state.saveLeaf(leafMaterial());
  state.saveLeaf(material);
  state.saveOrders({ ...orders, revision: 1 });
  state.saveOrders(orders);
  expect(new StateFolder(folder).load()).toEqual({ material, orders, problems: [] });
  state.saveBundle('other anchors');
  expect(state.load().material).toEqual({ ...material, trustBundle: 'other anchors' });
});

test('only the owner may read anything of it, and no half-written file stays', () => {
  const { folder, state } = setUp();
  state.saveLeaf(leafMaterial());
  state.saveOrders(orders);
  expect(readdirSync(folder).toSorted()).toEqual(['leaf.pem', 'orders.json', 'trust-bundle.pem']);
  for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  chmodSync(folder, 0o755);
  state.open();
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test('a file that is of no use is told and left out, the others are taken', () => {
  const { folder, state } = setUp();
  state.saveLeaf(leafMaterial());
  state.saveOrders(orders);
  writeFileSync(join(folder, 'orders.json'), '{"revision":');
  expect(state.load()).toMatchObject({ orders: null, problems: [expect.stringContaining('orders.json')] });
  expect(state.load().material).not.toBeNull();
  writeFileSync(join(folder, 'orders.json'), '{"revision":1}');
  writeFileSync(join(folder, 'leaf.pem'), 'nothing');
  expect(state.load().problems).toHaveLength(2);
  expect(state.load().material).toBeNull();
});

import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Metrics } from '../../admin/metrics.ts';
import { eventually } from '../../testing.ts';
import { KubeApi } from './api.ts';
import { Reflector } from './reflector.ts';

interface Item {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly resourceVersion: string };
}

const item = (name: string, version: number): Item => ({ metadata: { namespace: 'shop', name, resourceVersion: String(version) } });

let server: Server;
let items: Item[];
let version: number;
let pageMax: number;
let refuse: number | null;
let watches: { readonly from: string; readonly response: ServerResponse }[];
let asked: string[];
let seen: string[];
let metrics: Metrics;
let reflector: Reflector | null;

beforeEach(async () => {
  [items, version, pageMax, refuse, watches, asked, seen, reflector] = [[item('a', 1), item('b', 2), item('c', 3)], 3, 500, null, [], [], [], null];
  metrics = new Metrics();
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    asked.push(url.search);
    if (refuse !== null) return void response.writeHead(refuse).end('{}');
    if (url.searchParams.has('watch')) {
      response.writeHead(200).flushHeaders();
      return void watches.push({ from: url.searchParams.get('resourceVersion') ?? '', response });
    }
    const from = Number(url.searchParams.get('continue') ?? 0);
    const next = from + pageMax < items.length ? String(from + pageMax) : '';
    response.end(JSON.stringify({ items: items.slice(from, from + pageMax), metadata: { resourceVersion: String(version), continue: next } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await reflector?.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function start(resyncMs = 600_000): Reflector {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'test', server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, skipTLSVerify: true }, { name: 'test' });
  const put = (key: string, object: object | null): void => void seen.push(object === null ? `-${key}` : `+${key}`);
  reflector = new Reflector({ api: new KubeApi(config), path: '/api/v1/pods', put, random: () => 0, resyncMs, metrics, log: () => {} });
  reflector.start();
  return reflector;
}

const tell = (type: string, object: object): void => void watches.at(-1)?.response.write(`${JSON.stringify({ type, object })}\n`);

test('all objects are put, page by page, before it counts as synced; then each change', async () => {
  pageMax = 2;
  await start().synced;
  expect(seen).toEqual(['+shop/a', '+shop/b', '+shop/c']);
  await eventually(() => watches).toHaveLength(1);
  tell('MODIFIED', item('a', 4));
  tell('DELETED', item('b', 5));
  tell('BOOKMARK', { metadata: { resourceVersion: '9' } });
  await eventually(() => seen.slice(3)).toEqual(['+shop/a', '-shop/b']);
});

test('a watch that ends goes on where it was, by bookmarks too, without another list', async () => {
  await start().synced;
  await eventually(() => watches).toHaveLength(1);
  tell('BOOKMARK', { metadata: { resourceVersion: '9' } });
  watches[0]?.response.end();
  await eventually(() => watches.map(({ from }) => from)).toEqual(['3', '9']);
  expect(metrics.get('kubernetes_lists_total')).toBe(1);
});

test('a watch cut in the middle of a line is followed by another', async () => {
  await start().synced;
  await eventually(() => watches).toHaveLength(1);
  watches[0]?.response.write('{"type":"MODI');
  watches[0]?.response.socket?.destroy();
  await eventually(() => watches).toHaveLength(2);
  tell('ADDED', item('d', 4));
  await eventually(() => seen).toContain('+shop/d');
});

test('a version that is too old leads to a list, of which only differences are put', async () => {
  await start().synced;
  await eventually(() => watches).toHaveLength(1);
  [items, version] = [[item('a', 1), item('c', 7)], 7];
  tell('ERROR', { code: 410 });
  watches[0]?.response.end();
  await eventually(() => watches.map(({ from }) => from)).toEqual(['3', '7']);
  expect(seen.slice(3)).toEqual(['-shop/b', '+shop/c']);
});

test('a server that refuses is asked again until it answers', async () => {
  refuse = 503;
  const { synced } = start();
  await eventually(() => metrics.get('kubernetes_watch_errors_total')).toBeGreaterThan(1);
  refuse = null;
  await synced;
  expect(seen).toHaveLength(3);
});

test('what a watch has missed is found by comparing with a list, and counted; what it has told is not', async () => {
  await start(200).synced;
  await eventually(() => watches).toHaveLength(1);
  [items, version] = [[item('a', 4), item('b', 5), item('d', 6)], 6];
  tell('MODIFIED', item('b', 5));
  await eventually(() => metrics.get('kubernetes_resync_fixed_total')).toBe(3);
  expect(seen.slice(3).sort()).toEqual(['+shop/a', '+shop/b', '+shop/d', '-shop/c']);
});

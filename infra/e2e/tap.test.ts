/** A person taps a real mesh on the console, and sees a long connection while it is open. */
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { splitAddress } from '../mesh/processes.ts';
import { type App, openClient, serveApp } from './apps.ts';
import { openBrowser, openPage } from './browser.ts';
import { type ConnectedMesh, type Member, type System, openSystem, until } from './harness.ts';

const PAUSE_MS = 40;
/** The agent is told within a second or two, and proxies tell four times a second. */
const SEEN_MS_MAX = 20_000;
const WINDOW_MS = 2_000;

let system: System;
let member: Member;
let mesh: ConnectedMesh;
let browser: Browser;
let folder: string;
let going = true;
const closing: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidelight-tap-'));
  [system, browser] = await Promise.all([openSystem('tap', { console: true }), openBrowser(folder)]);
  member = await system.join('tap');
  mesh = await system.connect(member, 'eu-west', [
    { name: 'front', namespace: 'shop', protocol: 'http1', calls: ['shop/store'], plain: true },
    { name: 'store', namespace: 'shop', protocol: 'opaque', calls: [], plain: false },
  ], { windowMs: WINDOW_MS });
  const app: App = await serveApp(mesh.workload('shop/front').target, async (request, response) => { response.writeHead(request.url?.startsWith('/broken') ? 500 : 200).end('front'); });
  closing.push(() => app.close());
}, 240_000);

afterAll(async () => {
  going = false;
  for (const close of closing.toReversed()) await close();
  await browser?.close();
  await system?.close();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** GET requests of somebody outside the mesh: two in three succeed. */
function startTraffic(): void {
  const client = openClient(mesh.workload('shop/front').plain ?? '', 4);
  const run = async (): Promise<void> => {
    for (let at = 0; going; at += 1) {
      await client.get(at % 3 === 0 ? `/broken/${at}?key=secret` : `/items/${at}?key=secret`).catch(() => undefined);
      await sleep(PAUSE_MS);
    }
    client.close();
  };
  const running = run();
  closing.push(() => running);
}

const inCluster = (): { slug: string; clusterId: string } => ({ slug: member.slug, clusterId: mesh.clusterId });

test('a tap of the API sees what its filter lets pass from the real proxies, and ends when it is told to', async () => {
  startTraffic();
  const tap = await member.api.call('startTap', { params: inCluster(), body: { workload: 'shop/host/front', pathPrefix: '/broken', statusClass: 5 } });
  const params = { ...inCluster(), id: tap.id };
  const read = () => member.api.call('readTap', { params, query: {} });
  await until('the tap has seen ten exchanges', SEEN_MS_MAX, async () => (await read()).events.length >= 10);
  const { events, tap: live } = await read();
  expect(events.every(({ status, path, direction, workload, fault }) => status === 500 && /^\/broken\/\d+$/.test(path) && direction === 'inbound' && workload === 'shop/host/front' && fault === 'app')).toBe(true);
  expect(live).toMatchObject({ state: 'live', matched: live.told });
  expect(JSON.stringify(events)).not.toContain('secret');
  await member.api.call('stopTap', { params });
  expect((await read()).tap.state).toBe('over');
});

test('on the console a person starts a tap, sees exchanges come, pauses, and narrows it', async () => {
  const faults: string[] = [];
  const page = await openPage(browser, faults);
  page.setDefaultTimeout(60_000);
  await page.goto(`${system.origin}/sign-in`);
  await page.getByLabel('E-mail').fill(member.account.email);
  await page.getByLabel('Password').fill(member.account.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`**/o/${member.slug}`);
  await page.goto(`${system.origin}/o/${member.slug}/c/${mesh.clusterId}/tap`);
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByRole('table', { name: 'Exchanges' }).getByText('/items/').first().waitFor();
  await page.getByTestId('tap-count').getByText(/\d+ of \d+ exchanges shown/).waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused: every exchange').waitFor();
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByLabel('Status').selectOption('5');
  await page.getByText('Live: 5xx').waitFor();
  await page.getByRole('table', { name: 'Exchanges' }).getByText('/broken/').first().waitFor();
  expect(await page.getByRole('table', { name: 'Exchanges' }).getByText('/items/').count()).toBe(0);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByText('Ended: 5xx').waitFor();
  expect(faults).toEqual([]);
  await page.close();
});

test('a connection that is open and silent is on its edge until it is closed', async () => {
  const sockets = new Set<Socket>();
  const store: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  const { host, port } = splitAddress(mesh.workload('shop/store').target);
  await new Promise<void>((done) => void store.listen(port, host, done));
  const listen = splitAddress(mesh.workload('shop/front').upstreams[0]?.listen ?? '');
  const clients = Array.from({ length: 3 }, () => connect(listen.port, listen.host));
  for (const client of clients) client.on('error', () => undefined);
  closing.push(() => {
    for (const socket of [...sockets, ...clients]) socket.destroy();
    store.close();
  });
  const edge = async () => (await member.api.call('getTopology', { params: inCluster(), query: {} })).edges.find(({ protocol }) => protocol === 'opaque');
  await until('three connections show as open', SEEN_MS_MAX, async () => (await edge())?.open === 3);
  expect((await edge())?.golden.connections).toBe(0);
  for (const client of clients) client.destroy();
  await until('none is open any more, and three are counted', SEEN_MS_MAX, async () => {
    const now = await edge();
    return now?.open === undefined && now?.golden.connections === 3;
  });
});

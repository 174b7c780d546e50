/** A known mix through a real chain of proxies comes back from the public API as it was. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exchangeFile } from '../mesh/processes.ts';
import { seeded } from '../seeded.ts';
import { type App, inParallel, openClient, serveApp } from './apps.ts';
import { openBrowser, openPage } from './browser.ts';
import { type ConnectedMesh, type Member, type System, openSystem, until } from './harness.ts';
import { quantile } from './quantile.ts';

const REQUESTS = 5_200;
const WIDTH = 80;
const SEED = 20_261_122;
const FRESH_MS_MAX = 15_000;

interface Sent {
  readonly delayMs: number;
  readonly fails: boolean;
}

let system: System;
let member: Member;
let mesh: ConnectedMesh;
const apps: App[] = [];
/** What the client outside measured at the front, and what the front measured at its sidecar, ms. */
const atFront: number[] = [];
const atBack: number[] = [];
let startedMs = 0;
let freshMs = 0;
const random = seeded(SEED);
const mix: readonly Sent[] = Array.from({ length: REQUESTS }, () => ({ delayMs: 20 + random() * 980, fails: random() < 0.07 }));
const failures = mix.filter((sent) => sent.fails).length;

beforeAll(async () => {
  system = await openSystem('truth', { console: true });
  member = await system.join('truth');
  mesh = await system.connect(member, 'one', [
    { name: 'front', namespace: 'shop', protocol: 'http1', calls: ['stores/back'], plain: true },
    { name: 'back', namespace: 'stores', protocol: 'http1', calls: [], plain: false },
  ], { exchanges: true });
  const front = mesh.workload('shop/front');
  const back = openClient(front.upstreams[0]?.listen ?? '', WIDTH);
  apps.push(await serveApp(front.target, async (request, response) => {
    const answer = await back.get(request.url ?? '/');
    atBack.push(answer.latencyMs);
    response.writeHead(answer.status).end(answer.body);
  }));
  apps.push(await serveApp(mesh.workload('stores/back').target, async (request, response) => {
    const sent = mix[Number(request.url?.split('/').at(-1))];
    await sleep(sent?.delayMs ?? 0);
    response.writeHead(sent?.fails === true || request.url === '/broken' ? 500 : 200).end('x'.repeat(512));
  }));
  await sendMix(front.plain ?? '');
}, 240_000);

afterAll(async () => {
  await Promise.all(apps.map((app) => app.close()));
  await system.close();
}, 60_000);

async function sendMix(address: string): Promise<void> {
  const client = openClient(address, WIDTH);
  startedMs = Date.now();
  await inParallel(REQUESTS, WIDTH, async (index) => {
    const answer = await client.get(`/items/${index}`);
    expect(answer.status).toBe(mix[index]?.fails === true ? 500 : 200);
    atFront.push(answer.latencyMs);
  });
  client.close();
  const endedMs = performance.now();
  await until('every request is in the API', 2 * FRESH_MS_MAX, async () => (await workload('back')).workload.golden.requests >= REQUESTS);
  freshMs = performance.now() - endedMs;
}

/** From well before the first request to now. */
const range = (): { fromMs: number; toMs: number } => ({ fromMs: startedMs - 20_000, toMs: Date.now() });

function workload(name: 'front' | 'back'): ReturnType<typeof member.api.call<'getWorkload'>> {
  const namespace = name === 'front' ? 'shop' : 'stores';
  return member.api.call('getWorkload', { params: { slug: member.slug, clusterId: mesh.clusterId, namespace, kind: 'host', name }, query: range() });
}

test('a request is in the answer of the API within 15 seconds of its end', () => {
  expect(freshMs).toBeLessThanOrEqual(FRESH_MS_MAX);
});

test('counts and success rate equal what was sent, at each workload and edge, and come as mutual TLS where meshed', async () => {
  const [front, back] = await Promise.all([workload('front'), workload('back')]);
  for (const { golden } of [front.workload, back.workload]) {
    expect(golden.requests).toBe(REQUESTS);
    expect(golden.failures).toEqual({ app: failures, mesh: 0, client: 0 });
    expect(golden.successRate).toBeCloseTo(1 - failures / REQUESTS, 12);
  }
  expect(front.workload.golden.mtlsShare).toBe(0);
  expect(back.workload.golden.mtlsShare).toBe(1);
  const topology = await member.api.call('getTopology', { params: { slug: member.slug, clusterId: mesh.clusterId }, query: range() });
  const edges = topology.edges.map((edge) => ({ from: edge.source, to: edge.target, tls: edge.tls, requests: edge.golden.requests, app: edge.golden.failures.app }));
  expect(edges.toSorted((a, b) => (a.to < b.to ? -1 : 1))).toEqual([
    { from: 'outside', to: 'shop/host/front', tls: 'plain', requests: REQUESTS, app: failures },
    { from: 'shop/host/front', to: 'stores/host/back', tls: 'mtls', requests: REQUESTS, app: failures },
  ]);
});

test('the series of the workload adds up to the same, without a gap', async () => {
  const series = await member.api.call('getSeries', { params: { slug: member.slug, clusterId: mesh.clusterId }, query: { ...range(), subject: 'workload:stores/host/back', stepSeconds: 10 } });
  expect(series.points.reduce((sum, point) => sum + point.requests, 0)).toBe(REQUESTS);
  expect(series.points.reduce((sum, point) => sum + point.failuresApp, 0)).toBe(failures);
  expect(series.total.requests).toBe(REQUESTS);
});

test.each([['p50', 0.5], ['p95', 0.95], ['p99', 0.99]] as const)('%s is within 5 % + 5 ms of what the clients measured', async (name, share) => {
  const [front, back] = await Promise.all([workload('front'), workload('back')]);
  for (const [golden, measured] of [[front.workload.golden, atFront], [back.workload.golden, atBack]] as const) {
    const exact = quantile(measured, share);
    expect(golden.latencyMs[name]).toBeGreaterThan(exact * 0.95 - 5);
    expect(golden.latencyMs[name]).toBeLessThan(exact * 1.05 + 5);
  }
});

/** Exact latencies that a workload's own proxy recorded for the requests that came in, ms. */
async function recorded(service: string): Promise<number[]> {
  const text = await readFile(exchangeFile(mesh.place, mesh.workload(service)), 'utf8');
  const lines = text.trim().split('\n').map((line) => JSON.parse(line) as { direction: string; latencyUs: number });
  return lines.filter((line) => line.direction === 'inbound').map((line) => line.latencyUs / 1000);
}

test.each([['p50', 0.5], ['p95', 0.95], ['p99', 0.99]] as const)('%s is within 5 % of the exact latencies that the proxies recorded', async (name, share) => {
  for (const [service, read] of [['shop/front', await workload('front')], ['stores/back', await workload('back')]] as const) {
    const exact = await recorded(service);
    expect(exact.length).toBe(REQUESTS);
    const error = (read.workload.golden.latencyMs[name] ?? 0) / quantile(exact, share) - 1;
    expect(Math.abs(error)).toBeLessThanOrEqual(0.05);
  }
});

// The last test: what it sends is in no number above.
test('an open page shows new failures within 15 seconds, without a reload', async () => {
  const faults: string[] = [];
  const browser = await openBrowser(system.folder);
  try {
    const page = await openPage(browser, faults);
    await page.goto(`${system.origin}/sign-in`);
    await page.getByLabel('E-mail').fill(member.account.email);
    await page.getByLabel('Password').fill(member.account.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`**/o/${member.slug}`);
    await page.goto(`${system.origin}/o/${member.slug}/c/${mesh.clusterId}/w/stores/host/back`);
    await page.getByText(`${failures} failures`, { exact: true }).waitFor();
    await page.evaluate(() => { document.documentElement.dataset['stayed'] = 'yes'; });
    const client = openClient(mesh.workload('shop/front').plain ?? '', 10);
    await inParallel(100, 10, async () => { expect((await client.get('/broken')).status).toBe(500); });
    client.close();
    await page.getByText(`${failures + 100} failures`, { exact: true }).waitFor({ timeout: FRESH_MS_MAX });
    expect(await page.evaluate(() => document.documentElement.dataset['stayed'])).toBe('yes');
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
  }
}, 120_000);

/** A newcomer in a browser: signs up, connects a cluster and watches it tick, sees the graph, makes a rule, sees the incident. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type App, openClient, serveApp } from './apps.ts';
import { openBrowser, openPage } from './browser.ts';
import { type StartedMesh, type System, logsText, openSystem } from './harness.ts';

/** Between two requests of the traffic, ms. */
const PAUSE_MS = 25;
const STEP_MS_MAX = 60_000;

let system: System;
let browser: Browser;
let page: Page;
let folder: string;
let broken = false;
let going = true;
const closing: (() => Promise<unknown> | void)[] = [];
const faults: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidelight-browser-'));
  [system, browser] = await Promise.all([openSystem('console', { console: true }), openBrowser(folder)]);
  page = await openPage(browser, faults);
  page.setDefaultTimeout(STEP_MS_MAX);
}, 240_000);

afterAll(async () => {
  going = false;
  await browser.close();
  await Promise.all(closing.map((close) => close()));
  await system.close();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

async function startCluster(token: string): Promise<StartedMesh> {
  const mesh = await system.connectWithToken('eu-west', token, [
    { name: 'web', namespace: 'shop', protocol: 'http1', calls: ['payments/ledger'], plain: true },
    { name: 'ledger', namespace: 'payments', protocol: 'http1', calls: [], plain: false },
  ]);
  const web = mesh.workload('shop/web');
  const ledger = openClient(web.upstreams[0]?.listen ?? '', 8);
  const apps: App[] = [
    await serveApp(web.target, async (_, response) => {
      const answer = await ledger.get('/entries/7');
      response.writeHead(answer.status === 200 ? 200 : 502).end('web');
    }),
    await serveApp(mesh.workload('payments/ledger').target, async (_, response) => { response.writeHead(broken ? 500 : 200).end('ledger'); }),
  ];
  closing.push(...apps.map((app) => () => app.close()));
  return mesh;
}

function startTraffic(mesh: StartedMesh): void {
  const client = openClient(mesh.workload('shop/web').plain ?? '', 4);
  const run = async (): Promise<void> => {
    while (going) {
      await client.get('/').catch(() => undefined);
      await sleep(PAUSE_MS);
    }
    client.close();
  };
  const running = run();
  closing.push(() => running);
}

/** A mark in the page that a reload or a full navigation would wipe. */
async function mark(): Promise<void> {
  await page.evaluate(() => { document.documentElement.dataset['stayed'] = 'yes'; });
}
const stayed = (): Promise<boolean> => page.evaluate(() => document.documentElement.dataset['stayed'] === 'yes');

const step = (key: string, state: string): Promise<unknown> => page.locator(`[data-step=${key}][data-state=${state}]`).waitFor();

test('from sign-up to an incident, in one sitting', async () => {
  try {
    await signUp();
    const token = await createCluster();
    await watchItConnect(token);
    await seeTheGraph();
    await makeRule();
    await seeTheIncident();
    expect(faults).toEqual([]);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\non ${page.url()}:\n${await page.locator('body').innerText().catch(() => '')}\n${faults.join('\n')}\n${await logsText(system.folder)}`, { cause: error });
  }
}, 300_000);

async function signUp(): Promise<void> {
  await page.goto(`${system.origin}/sign-up`);
  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel('E-mail').fill('ada@example.com');
  await page.getByLabel('Password').fill('a long enough password');
  await page.getByRole('button', { name: 'Create the account' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Acme');
  await page.getByRole('button', { name: 'Create the organization' }).click();
  await page.waitForURL('**/o/acme/connect');
}

async function createCluster(): Promise<string> {
  await page.getByLabel('Name of the cluster').fill('eu-west');
  await page.getByRole('button', { name: 'Create and show the token' }).click();
  const token = (await page.getByTestId('secret').textContent()) ?? '';
  expect(token).toMatch(/^sla_/);
  await step('token', 'current');
  return token;
}

/** The checklist ticks itself off while a real agent and real proxies start, without a reload. */
async function watchItConnect(token: string): Promise<void> {
  await mark();
  const mesh = await startCluster(token);
  await step('token', 'done');
  await step('agent', 'done');
  await step('proxy', 'done');
  await step('request', 'current');
  startTraffic(mesh);
  await step('request', 'done');
  await page.getByRole('heading', { name: 'Connected' }).waitFor();
  expect(await stayed()).toBe(true);
}

async function seeTheGraph(): Promise<void> {
  await page.getByRole('link', { name: 'Watch it live' }).click();
  const edges = page.getByRole('list', { name: 'Edges' });
  const row = (from: string, to: string): ReturnType<Page['locator']> => edges.getByRole('listitem').filter({ hasText: new RegExp(`${from}.*${to}`) });
  await row('web', 'ledger').waitFor();
  await row('outside', 'web').waitFor();
  expect(await row('web', 'ledger').getByLabel('mutual TLS').count()).toBe(1);
  expect(await row('outside', 'web').getByLabel('plain text').count()).toBe(1);
  await page.getByRole('region', { name: 'Graph' }).getByText('ledger').first().waitFor();
  await moveThroughTime();
  await row('web', 'ledger').waitFor();
  // Shown once: nothing of the token is left in any page after a reload.
  await page.goBack();
  await page.reload();
  await page.getByText('Connect a cluster').first().waitFor();
  expect(await page.getByTestId('secret').count()).toBe(0);
}

/** The slider moves the graph by keyboard, the address keeps the moment, and one step leads back to the present. */
async function moveThroughTime(): Promise<void> {
  const standing = page.getByTestId('standing');
  await page.getByRole('slider', { name: 'Moment of the graph' }).press('PageDown');
  await standing.getByText('As of').waitFor();
  await page.waitForURL(/[?&]at=\d+/);
  await page.getByRole('button', { name: 'Back to now' }).click();
  await standing.getByText('Now').waitFor();
  await page.waitForURL((url) => !url.searchParams.has('at'));
  // Longer than the slider waits for a hand to rest: the key's own move must not come back.
  await sleep(500);
  expect(new URL(page.url()).searchParams.has('at')).toBe(false);
}

async function makeRule(): Promise<void> {
  await page.goto(`${system.origin}/o/acme/rules/new`);
  await page.getByLabel('Threshold in percent').fill('95');
  await page.getByLabel('Window').selectOption({ label: '1 minute' });
  await page.getByLabel('Least requests').fill('20');
  await page.getByLabel('Name', { exact: true }).fill('Everything succeeds');
  await page.locator('form button[type=submit]').click();
  await page.waitForURL((url) => !url.pathname.endsWith('/rules/new'));
}

/** The incident appears on the open page without a reload, and says where it starts. */
async function seeTheIncident(): Promise<void> {
  await page.goto(`${system.origin}/o/acme/incidents`);
  await page.getByText('No incident yet').waitFor();
  await mark();
  broken = true;
  const row = page.getByRole('table', { name: 'Incidents' }).getByRole('row').filter({ hasText: 'ledger' });
  await row.waitFor();
  expect(await stayed()).toBe(true);
  await row.getByRole('link').first().click();
  await page.getByRole('heading', { name: 'From symptom to origin' }).waitFor();
  expect(await page.getByText(/starting at .*ledger/).first().textContent()).toContain('ledger');
}

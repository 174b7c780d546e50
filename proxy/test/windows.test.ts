import { afterEach, expect, test } from 'vitest';
import { addSparse, createHistogram, histogramCount } from '../wire/histogram.ts';
import type { ProxyWindow } from '../wire/report.ts';
import type { FakeControl } from './fake-control.ts';
import { CALLEE, CALLER, distinctWindows, startControlledPair, total, type ControlledPair } from './controlled-pair.ts';
import { cleanUp, until } from './proxy-process.ts';

let pair: ControlledPair | null = null;
const extra: FakeControl[] = [];

afterEach(async () => {
  await cleanUp();
  await pair?.stop();
  await Promise.all(extra.splice(0).map((control) => control.close()));
  pair = null;
});

async function requests(of: ControlledPair, count: number, path?: string): Promise<number[]> {
  const statuses: number[] = [];
  for (let turn = 0; turn < count; turn++) statuses.push(await of.request(path));
  return statuses;
}

const instanceOf = (control: FakeControl, workload: string) => control.hellos.find((hello) => hello.workload === workload)?.instance ?? '';

async function metric(proxy: ControlledPair['caller'], name: string): Promise<number> {
  const text = await (await fetch(`${await proxy.admin()}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

test('both views of the same requests are reported, each once, and acknowledged windows leave the ring', async () => {
  pair = await startControlledPair();
  const { control, caller, callee } = pair;
  expect(new Set(await requests(pair, 60))).toEqual(new Set([200]));
  expect(new Set(await requests(pair, 15, '/fail'))).toEqual(new Set([500]));
  const seen = (workload: string) => distinctWindows(control.windows, instanceOf(control, workload));
  await until(() => total(seen(CALLER), 'requests') === 75 && total(seen(CALLEE), 'requests') === 75, caller.text);
  for (const [workload, direction] of [[CALLER, 'outbound'], [CALLEE, 'inbound']] as const) {
    const windows = seen(workload);
    expect(total(windows, 'failuresApp')).toBe(15);
    expect(total(windows, 'failuresMesh')).toBe(0);
    for (const row of windows.flatMap(({ edges }) => edges)) {
      expect(row).toMatchObject({ direction, source: CALLER, service: 'shop/cart', destination: CALLEE, protocol: 'http1', tls: 'mtls' });
    }
    const latencies = createHistogram();
    for (const row of windows.flatMap(({ edges }) => edges)) addSparse(latencies, row.latency);
    expect(histogramCount(latencies)).toBe(75);
  }
  const routes = seen(CALLER).flatMap((window) => window.routes);
  expect(routes.reduce((sum, row) => sum + row.requests, 0)).toBe(75);
  expect(seen(CALLEE).flatMap((window) => window.routes)).toEqual([]);
  await until(async () => (await metric(caller, 'sidelight_windows_waiting')) === 0, caller.text);
  await until(async () => (await metric(callee, 'sidelight_windows_waiting')) === 0, callee.text);
});

test('windows are sent again until they are acknowledged, never renumbered, and none is missing or twice', async () => {
  let acknowledges = false;
  pair = await startControlledPair({ acknowledges: () => acknowledges });
  const { control, caller } = pair;
  const instance = instanceOf(control, CALLER);
  let sent = 0;
  for (let turn = 0; turn < 4; turn++) {
    sent += (await requests(pair, 25)).length;
    await until(() => total(distinctWindows(control.windows, instance), 'requests') === sent, caller.text);
    control.link(CALLER)?.drop();
    sent += (await requests(pair, 10)).length;
    await until(() => control.link(CALLER), caller.text);
  }
  await until(() => total(distinctWindows(control.windows, instance), 'requests') === sent, caller.text);
  const windows = distinctWindows(control.windows, instance);
  expect(windows.map(({ sequence }) => sequence)).toEqual(windows.map((_, at) => at + 1));
  expect(control.windows.filter((window) => window.instance === instance && window.sequence === 1).length).toBeGreaterThanOrEqual(4);
  expect(await metric(caller, 'sidelight_windows_waiting')).toBe(windows.length);
  const unsafeS = await metric(caller, 'sidelight_windows_unacknowledged_seconds');
  acknowledges = true;
  control.link(CALLER)?.drop();
  await until(async () => (await metric(caller, 'sidelight_windows_waiting')) === 0, caller.text);
  await until(async () => (await metric(caller, 'sidelight_windows_unacknowledged_seconds')) < unsafeS / 2, caller.text);
  expect(await metric(caller, 'sidelight_windows_dropped_total')).toBe(0);
});

test('over a gap of the link windows keep their own ticks, counted on, and traffic flows on', async () => {
  const tickMs = 1_000;
  pair = await startControlledPair({ tickMs });
  const { control, caller } = pair;
  const instance = instanceOf(control, CALLER);
  const spans: { readonly beganMs: number; readonly endedMs: number }[] = [];
  const burst = async () => {
    const beganMs = Date.now();
    expect(await pair?.request()).toBe(200);
    spans.push({ beganMs, endedMs: Date.now() });
    await new Promise((resume) => setTimeout(resume, 100));
  };
  for (let turn = 0; turn < 10; turn++) await burst();
  await control.close();
  for (let turn = 0; turn < 20; turn++) await burst();
  const back = await pair.startControl();
  extra.push(back);
  for (let turn = 0; turn < 10; turn++) await burst();
  const all = (): ProxyWindow[] => distinctWindows([...control.windows, ...back.windows], instance);
  await until(() => total(all(), 'requests') === spans.length, caller.text);
  // An exchange counts when its last byte has passed: a moment after its caller's end at most, on a busy machine.
  const slackMs = 600;
  let counted = 0;
  for (const window of all()) {
    counted += total([window], 'requests');
    const endMs = (window.tick + 1) * tickMs;
    expect(spans.filter(({ endedMs }) => endedMs < endMs - slackMs).length).toBeLessThanOrEqual(counted);
    expect(spans.filter(({ beganMs }) => beganMs < endMs + slackMs).length).toBeGreaterThanOrEqual(counted);
  }
  const ticks = all().map(({ tick }) => tick);
  expect(ticks).toEqual(ticks.toSorted((a, b) => a - b));
  expect(new Set(ticks).size).toBeGreaterThanOrEqual(5);
});

test('on SIGTERM the last window goes out and is waited for', async () => {
  pair = await startControlledPair({ tickMs: 60_000 });
  const { control, caller } = pair;
  await requests(pair, 20);
  expect(control.windows).toEqual([]);
  expect(await caller.end()).toBe(0);
  expect(total(distinctWindows(control.windows, instanceOf(control, CALLER)), 'requests')).toBe(20);
  expect(caller.lines().at(-1)).toMatchObject({ message: 'drained', unacknowledgedWindows: 0 });
  expect(new Set(control.goodbyes)).toEqual(new Set([1]));
});

test('a control plane that acknowledges nothing delays the end by seconds only', async () => {
  pair = await startControlledPair({ acknowledges: () => false });
  const { caller } = pair;
  await requests(pair, 5);
  const beganMs = Date.now();
  expect(await caller.end()).toBe(0);
  expect(Date.now() - beganMs).toBeLessThan(10_000);
  expect(caller.lines().at(-1)).toMatchObject({ message: 'drained', level: 'warn' });
});

test('a second signal ends it at once', async () => {
  pair = await startControlledPair({ acknowledges: () => false });
  const { caller } = pair;
  await requests(pair, 5);
  caller.child.kill('SIGTERM');
  await caller.logged('draining');
  expect(await caller.end('SIGINT')).toBe(130);
});

import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LeafHolder } from '../identity/leaf-holder.ts';
import { seededRandom } from '../test/random.ts';
import { Series } from '../telemetry/series.ts';
import { edgeKey, exchangeEnd } from '../telemetry/testing.ts';
import { WindowRing } from '../telemetry/window.ts';
import { STATUS_MS_MAX, type FromControl, type ProxyOrders, type ToControl } from '../wire/orders.ts';
import type { TapSession } from '../wire/tap.ts';
import type { Dial, DialOptions, LinkEvents } from './dial.ts';
import { ControlLink, SILENCE_MS_MAX, WELCOME_MS_MAX } from './link.ts';

const golden = (name: string) => readFileSync(`${import.meta.dirname}/../wire/golden/control-1/${name}.json`, 'utf8').trim();

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** One dialled connection as the test sees it. */
interface Dialled {
  readonly options: DialOptions;
  readonly events: LinkEvents;
  readonly sent: ToControl[];
  readonly text: string[];
  closed: boolean;
}

function setUp() {
  const dials: Dialled[] = [];
  const dial: Dial = (options, events) => {
    const dialled: Dialled = { options, events, sent: [], text: [], closed: false };
    dials.push(dialled);
    return { close: () => end(dialled, 'closed by this proxy') };
  };
  const holder = new LeafHolder(Date.now);
  const series = new Series();
  const ring = new WindowRing('0123456789abcdef', () => series.seal(), 0);
  const orders: ProxyOrders[] = [];
  const bundles: string[] = [];
  const renewals: number[] = [];
  const taps: (readonly TapSession[])[] = [];
  const status = { ready: false, revision: 0, certificateNotAfter: null as string | null };
  const link = new ControlLink({
    dial,
    address: { host: '127.0.0.1', port: 1 },
    serverIdentity: 'control.sidelight',
    hello: { proxyVersion: '0.1.0', workload: 'shop/host/web', instanceName: 'web-1', instance: '0123456789abcdef' },
    credentials: holder,
    trustBundle: () => 'anchors',
    ring,
    onOrders: (taken) => void orders.push(taken),
    onBundle: (taken) => void bundles.push(taken),
    onRenew: (withinMs) => void renewals.push(withinMs),
    onTap: (sessions) => void taps.push(sessions),
    onClock: () => undefined,
    status: () => ({ ...status }),
    nowMs: Date.now,
    wallMs: Date.now,
    random: seededRandom(1),
    log: () => undefined,
  });
  const certify = (lifeMs = 24 * 3_600_000) =>
    holder.put({ certificateChain: 'chain', privateKey: 'key', trustBundle: 'anchors' }, 'web.shop', Date.now() + lifeMs);
  const count = () => series.ended(series.edge(edgeKey()), exchangeEnd());
  const newest = () => dials.at(-1) ?? expect.fail('nothing was dialled');
  return { dials, link, ring, orders, bundles, renewals, taps, status, certify, count, newest, holder };
}

function end(dialled: Dialled, reason: string): void {
  if (dialled.closed) return;
  dialled.closed = true;
  dialled.events.closed(reason);
}

function open(dialled: Dialled): void {
  dialled.events.opened({
    send: (json) => {
      dialled.text.push(json);
      dialled.sent.push(JSON.parse(json) as ToControl);
    },
    close: () => end(dialled, 'closed by this proxy'),
  });
}

const tell = (dialled: Dialled, message: FromControl | { kind: string }) => dialled.events.message(JSON.stringify(message));
const WELCOME: FromControl = { kind: 'welcome', version: 1 };
const windowsSent = (dialled: Dialled) => dialled.sent.flatMap((message) => (message.kind === 'window' ? [message.window.sequence] : []));

test('without a certificate nothing is dialled; with the first one it is, with that certificate', () => {
  const { dials, link, certify, newest } = setUp();
  link.start();
  vi.advanceTimersByTime(60_000);
  expect(dials).toHaveLength(0);
  certify();
  expect(dials).toHaveLength(1);
  expect(newest().options).toMatchObject({ serverIdentity: 'control.sidelight', trustBundle: 'anchors', client: { certificateChain: 'chain', privateKey: 'key' } });
  link.stop();
});

test('the first message is the hello, and nothing else goes out before the welcome', () => {
  const { link, certify, newest, ring, count } = setUp();
  certify();
  link.start();
  ring.announce(500, 10_000, 0, 0);
  count();
  ring.flush(10_000);
  open(newest());
  link.sendWindows();
  link.sendStatus();
  expect(newest().text).toEqual([golden('to-hello')]);
  expect(link.linked).toBe(false);
  tell(newest(), WELCOME);
  expect(link.linked).toBe(true);
  expect(newest().sent.map(({ kind }) => kind)).toEqual(['hello', 'status', 'window']);
  link.stop();
});

test('status and window are written as the golden samples say', () => {
  const { link, certify, newest, ring, status } = setUp();
  const series = new Series();
  const own = new WindowRing('0123456789abcdef', () => series.seal(), 0);
  const edge = series.edge(edgeKey());
  for (const fault of [null, null, 'app'] as const) series.ended(edge, exchangeEnd({ fault, retries: fault === null ? 0 : 1 }));
  series.bytes(edge, 300, 1_070);
  own.announce(500, 10_000, 0, 0);
  own.flush(10_000);
  expect(own.sendable(0).map(({ message }) => message)).toEqual([golden('to-window')]);
  Object.assign(status, { ready: true, revision: 7, certificateNotAfter: '2026-11-23T21:00:00.000Z' });
  certify();
  link.start();
  open(newest());
  tell(newest(), WELCOME);
  expect(newest().text[1]).toBe(golden('to-status'));
  expect(ring.waiting).toBe(0);
  link.stop();
});

test('a window goes out once per connection, and again on the next one until it is acknowledged', () => {
  const { link, certify, newest, ring, count } = setUp();
  certify();
  link.start();
  open(newest());
  tell(newest(), WELCOME);
  tell(newest(), { kind: 'tick', tick: 500, tickMs: 10_000, elapsedMs: 0 });
  for (let tick = 501; tick <= 503; tick++) {
    count();
    vi.advanceTimersByTime(10_000);
    tell(newest(), { kind: 'tick', tick, tickMs: 10_000, elapsedMs: 0 });
    link.sendWindows();
  }
  const first = newest();
  expect(windowsSent(first)).toEqual([1, 2, 3]);
  tell(first, { kind: 'acknowledge', sequence: 1 });
  end(first, 'gone');
  vi.advanceTimersByTime(1_000);
  expect(newest()).not.toBe(first);
  open(newest());
  tell(newest(), WELCOME);
  expect(windowsSent(newest())).toEqual([2, 3]);
  expect(newest().text.filter((text) => text.includes('"window"'))).toEqual(first.text.filter((text) => text.includes('"window"')).slice(1));
  tell(newest(), { kind: 'acknowledge', sequence: 3 });
  expect(ring.waiting).toBe(0);
  link.stop();
});

test('orders and anchors are handed on; unknown and malformed messages are counted and harm nothing', () => {
  const { link, certify, newest, orders, bundles, renewals } = setUp();
  certify();
  link.start();
  open(newest());
  tell(newest(), WELCOME);
  newest().events.message(golden('from-orders'));
  newest().events.message(golden('from-bundle'));
  newest().events.message(golden('from-renew'));
  tell(newest(), { kind: 'new-in-version-9' });
  newest().events.message('{"kind":"orders","orders":{}}');
  newest().events.message('nonsense');
  newest().events.message(golden('from-certified'));
  expect(orders).toEqual([JSON.parse(golden('from-orders')).orders]);
  expect(bundles).toHaveLength(1);
  expect(renewals).toEqual([30_000]);
  expect(link.unknownMessages).toBe(1);
  expect(link.badMessages).toBe(3);
  expect(link.linked).toBe(true);
  link.stop();
});

test('tap sessions are handed on, and what they saw goes back while the link is up', () => {
  const { link, certify, newest, taps } = setUp();
  certify();
  link.start();
  open(newest());
  link.sendTap([{ session: 'tap_1', events: [], matched: 2, dropped: 1 }]);
  tell(newest(), WELCOME);
  newest().events.message(golden('from-tap'));
  expect(taps).toEqual([JSON.parse(golden('from-tap')).sessions]);
  link.sendTap([]);
  link.sendTap([{ session: 'tap_1', events: [], matched: 3, dropped: 1 }]);
  expect(newest().sent.filter(({ kind }) => kind === 'tap')).toEqual([{ kind: 'tap', reports: [{ session: 'tap_1', events: [], matched: 3, dropped: 1 }] }]);
  link.stop();
});

test('a proxy that ends says which window was its last, but not to a control plane that has not welcomed it', () => {
  const { link, certify, newest, ring, count } = setUp();
  certify();
  link.start();
  ring.announce(500, 10_000, 0, 0);
  for (let window = 1; window <= 41; window++) {
    count();
    ring.flush(window);
  }
  open(newest());
  link.goodbye();
  expect(newest().sent.map(({ kind }) => kind)).toEqual(['hello']);
  tell(newest(), WELCOME);
  link.goodbye();
  expect(newest().text.at(-1)).toBe(golden('to-goodbye'));
  link.stop();
});

test('a status that does not change is repeated at least every 20 s, so that a vanished proxy is told from an idle one', () => {
  const { link, certify, newest } = setUp();
  certify();
  link.start();
  open(newest());
  tell(newest(), WELCOME);
  const statuses = () => newest().sent.filter(({ kind }) => kind === 'status').length;
  for (let seen = 1; seen <= 5; seen++) {
    expect(statuses()).toBe(seen);
    for (let waitedMs = 0; waitedMs < STATUS_MS_MAX; waitedMs += 1_000) {
      vi.advanceTimersByTime(1_000);
      tell(newest(), { kind: 'acknowledge', sequence: 0 });
    }
  }
  link.stop();
});

test('the status is sent when it changed, and not at every look', () => {
  const { link, certify, newest, status } = setUp();
  certify();
  link.start();
  open(newest());
  tell(newest(), WELCOME);
  vi.advanceTimersByTime(5_000);
  const statuses = () => newest().sent.filter(({ kind }) => kind === 'status');
  expect(statuses()).toHaveLength(1);
  status.ready = true;
  vi.advanceTimersByTime(1_000);
  expect(statuses()).toHaveLength(2);
  expect(statuses().at(-1)).toMatchObject({ ready: true });
  link.stop();
});

test('a link that can not be made is tried again ever more slowly, but at least every 30 s', () => {
  const { dials, link, certify } = setUp();
  certify();
  link.start();
  const atMs: number[] = [];
  for (let turn = 0; turn < 40; turn++) {
    end(dials.at(-1) ?? expect.fail(), 'refused');
    const before = Date.now();
    const known = dials.length;
    while (dials.length === known) vi.advanceTimersByTime(50);
    atMs.push(Date.now() - before);
  }
  expect(Math.max(...atMs)).toBeLessThanOrEqual(30_050);
  expect(Math.max(...atMs.slice(0, 3))).toBeLessThanOrEqual(850);
  expect(atMs.slice(10).reduce((sum, wait) => sum + wait, 0) / 30).toBeGreaterThan(8_000);
  link.stop();
});

test('a server that never welcomes, and one that falls silent, lose the link', () => {
  const { dials, link, certify, newest } = setUp();
  certify();
  link.start();
  open(newest());
  vi.advanceTimersByTime(WELCOME_MS_MAX + 2_000);
  expect(dials[0]?.closed).toBe(true);
  expect(dials.length).toBeGreaterThan(1);
  const second = newest();
  open(second);
  tell(second, WELCOME);
  vi.advanceTimersByTime(SILENCE_MS_MAX - 2_000);
  expect(second.closed).toBe(false);
  tell(second, { kind: 'acknowledge', sequence: 0 });
  vi.advanceTimersByTime(SILENCE_MS_MAX - 2_000);
  expect(second.closed).toBe(false);
  vi.advanceTimersByTime(4_000);
  expect(second.closed).toBe(true);
  link.stop();
});

test('a refusal ends the connection and is tried again later', () => {
  const { dials, link, certify, newest } = setUp();
  certify();
  link.start();
  open(newest());
  newest().events.message(golden('from-refused'));
  expect(dials[0]?.closed).toBe(true);
  vi.advanceTimersByTime(1_000);
  expect(dials).toHaveLength(2);
  link.stop();
});

test('a link retires within an hour, and before its certificate expires', () => {
  for (const [lifeMs, maxMs] of [[24 * 3_600_000, 3_601_000], [5_000, 5_000]] as const) {
    const { dials, link, certify, newest } = setUp();
    certify(lifeMs);
    link.start();
    open(newest());
    tell(newest(), WELCOME);
    const beganMs = Date.now();
    while (dials[0]?.closed === false && Date.now() - beganMs < 7_200_000) {
      vi.advanceTimersByTime(500);
      if (dials[0]?.closed === false) tell(newest(), { kind: 'acknowledge', sequence: 0 });
    }
    expect(Date.now() - beganMs).toBeLessThanOrEqual(maxMs);
    expect(Date.now() - beganMs).toBeGreaterThan(Math.min(lifeMs * 0.8, 1_799_000));
    link.stop();
  }
});

test('after the stop nothing is dialled any more', () => {
  const { dials, link, certify } = setUp();
  certify();
  link.start();
  link.stop();
  certify();
  vi.advanceTimersByTime(600_000);
  expect(dials).toHaveLength(1);
});

test('addresses are asked for only where the orders say that somebody answers, and again on each new link', () => {
  const { link, certify, newest } = setUp();
  const transparent = (JSON.parse(golden('from-orders-transparent')) as { orders: object });
  const asked = (): string[] => newest().sent.flatMap((message) => (message.kind === 'resolve' || message.kind === 'forget' ? [JSON.stringify(message)] : []));
  certify();
  link.start();
  open(newest());
  tell(newest(), WELCOME);
  const answers: string[] = [];
  const forget = link.watches.watch({ host: '10.96.0.10', port: 80 }, (destination) => void answers.push(destination.kind));
  tell(newest(), JSON.parse(golden('from-orders')) as FromControl);
  expect(asked()).toEqual([]);
  tell(newest(), { kind: 'orders', ...transparent });
  expect(asked()).toEqual([golden('to-resolve')]);
  tell(newest(), JSON.parse(golden('from-resolved')) as FromControl);
  expect(answers).toEqual(['service']);
  end(newest(), 'lost');
  expect(link.watches.reachable()).toBe(false);
  vi.advanceTimersByTime(60_000);
  open(newest());
  tell(newest(), WELCOME);
  tell(newest(), { kind: 'orders', ...transparent });
  expect(asked()).toEqual([golden('to-resolve')]);
  forget();
  expect(asked().at(-1)).toBe(golden('to-forget'));
  link.stop();
});

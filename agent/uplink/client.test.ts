import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Metrics } from '../admin/metrics.ts';
import { makeEdge, makeWindow } from '../aggregate/testing.ts';
import type { Marks } from '../aggregate/pending.ts';
import type { TopologySnapshot } from '../wire/topology.ts';
import { backoffMs } from './backoff.ts';
import { Uplink } from './client.ts';
import { Spool } from './spool.ts';
import { FakeCloud, seededRandom, TOKEN } from './testing.ts';
import { eventually } from '../testing.ts';

const LENGTH_MS = 10_000;
let folder: string;
let cloud: FakeCloud;
let spool: Spool;
let uplink: Uplink;
let metrics: Metrics;
let raised: Marks;
let corrections: { byMs: number; roundTripMs: number }[];
let logged: { level: string; message: string; facts: object }[];
let token: () => string;
let workloads: number;
let acknowledgeMsMax: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sidelight-uplink-'));
  cloud = new FakeCloud(seededRandom(11));
  await cloud.start();
  spool = await Spool.open(folder);
  [metrics, raised, corrections, logged, workloads, acknowledgeMsMax] = [new Metrics(), {}, [], [], 1, 300];
  token = () => TOKEN;
  uplink = makeUplink();
});
afterEach(async () => {
  uplink.stop();
  await cloud.stop();
  await spool.close();
  rmSync(folder, { recursive: true, force: true });
});

function makeUplink(): Uplink {
  const log = (level: string, message: string, facts: object = {}): void => void logged.push({ level, message, facts });
  const session = {
    spool,
    hello: { wire: 1, agentVersion: '0.1.0', platform: 'host' as const, windowMs: LENGTH_MS },
    nowMs: Date.now,
    monotonicMs: () => performance.now(),
    correctClock: (cloudMs: number, roundTripMs: number) => void corrections.push({ byMs: cloudMs + roundTripMs / 2 - Date.now(), roundTripMs }),
    raiseMarks: (marks: Marks) => void (raised = marks),
    snapshot: (): TopologySnapshot => ({ takenAtMs: Date.now(), workloads: Array(workloads).fill({ key: 'a/host/b', serviceAccount: 'b', identity: null, meshed: false, instances: 1 }), services: [], proxies: [], trustDomain: 'cluster.local', trustAnchorNotAfter: null }),
    onWelcome: () => {},
    onTap: () => {},
    acknowledgeMsMax,
    metrics,
    log,
  };
  // The least back-off: the tests wait for connections, not for patience.
  return new Uplink({ cloud: cloud.url, token: () => token(), session, random: () => 0, tokenRetryMs: 300, metrics, log });
}

async function seal(sequence: number, requests = 1): Promise<void> {
  const edge = makeEdge({ requests });
  await spool.append({ windows: [makeWindow('aa', sequence, sequence, [edge])], marks: { aa: sequence } }, LENGTH_MS, Date.now());
  uplink.frameSealed();
}

const sequences = (): string[] => cloud.committed.map(({ epoch, sequence }) => `${epoch}.${sequence}`);
const expectAllOnce = (count: number): void => {
  expect([...cloud.totals().values()]).toEqual(Array(count).fill(1));
  expect(cloud.committed.reduce((sum, frame) => sum + frame.windows.length, 0)).toBe(count);
};

test('a fresh spool is given its epoch, and what was sealed before goes up under it', async () => {
  await seal(1);
  await seal(2);
  uplink.start();
  await eventually(sequences).toEqual(['1.1', '1.2']);
  expect(cloud.hellos).toMatchObject([{ epoch: null, wire: 1, platform: 'host', windowMs: LENGTH_MS }]);
  await eventually(() => spool.frames).toBe(0);
  await seal(3);
  await eventually(sequences).toEqual(['1.1', '1.2', '1.3']);
});

test('the topology goes up at once on connecting, and changes together a moment later', async () => {
  uplink.start();
  await eventually(() => cloud.snapshots.length).toBe(1);
  for (workloads = 2; workloads < 6; workloads++) uplink.topologyChanged();
  await eventually(() => cloud.snapshots.length).toBe(2);
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(cloud.snapshots.map((snapshot) => snapshot.workloads.length)).toEqual([1, 6]);
});

test('the cloud’s marks and clock are taken over at the welcome', async () => {
  cloud.marks.set('aa', 7);
  cloud.clockAheadMs = 60_000;
  uplink.start();
  await eventually(() => raised).toEqual({ aa: 7 });
  expect(Math.abs((corrections[0]?.byMs ?? 0) - 60_000)).toBeLessThanOrEqual((corrections[0]?.roundTripMs ?? 0) + 5);
});

test('what the cloud has is not sent again after a restart of the agent', async () => {
  uplink.start();
  for (const sequence of [1, 2, 3]) await seal(sequence);
  await eventually(sequences).toHaveLength(3);
  uplink.stop();
  await spool.close();
  spool = await Spool.open(folder);
  uplink = makeUplink();
  const sent = metrics.get('frames_sent_total');
  uplink.start();
  await eventually(() => uplink.connected).toBe(true);
  await seal(4);
  await eventually(sequences).toEqual(['1.1', '1.2', '1.3', '2.1']);
  expect(metrics.get('frames_sent_total') - sent).toBe(1);
});

test('a cloud that says nothing of the frames in flight is asked again on a new connection', async () => {
  cloud.mischief = { loseAcknowledgement: 1 };
  uplink.start();
  await seal(1);
  await eventually(() => cloud.hellos.length, { timeout: 15_000 }).toBe(2);
  await eventually(() => spool.frames).toBe(0);
  expect(sequences()).toEqual(['1.1']);
});

test('frames wait while the cloud is gone and go up when it is back', async () => {
  uplink.start();
  await seal(1);
  await eventually(sequences).toHaveLength(1);
  await cloud.stop();
  for (const sequence of [2, 3, 4]) await seal(sequence);
  await eventually(() => uplink.connected).toBe(false);
  await cloud.start();
  await eventually(sequences, { timeout: 15_000 }).toEqual(['1.1', '1.2', '1.3', '1.4']);
  expectAllOnce(4);
});

test.each([
  { what: 'the connection breaks before the commit', mischief: { crashBefore: 0.2 } },
  { what: 'the connection breaks after the commit, before the acknowledgement', mischief: { crashAfter: 0.2 } },
  { what: 'acknowledgements are lost', mischief: { loseAcknowledgement: 0.5 } },
  { what: 'frames are handled twice', mischief: { duplicate: 0.5 } },
  { what: 'frames are handled in another order', mischief: { reorder: 0.3 } },
  { what: 'all of it happens', mischief: { crashBefore: 0.05, crashAfter: 0.05, loseAcknowledgement: 0.3, duplicate: 0.2, reorder: 0.2 } },
])('nothing is lost and nothing doubled when $what', async ({ mischief }) => {
  cloud.mischief = mischief;
  const count = 60;
  for (let sequence = 1; sequence <= 20; sequence++) await seal(sequence);
  uplink.start();
  for (let sequence = 21; sequence <= count; sequence++) {
    await seal(sequence);
    if (sequence % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await eventually(() => cloud.committed.length, { timeout: 20_000 }).toBe(count);
  cloud.mischief = {};
  expectAllOnce(count);
  await seal(count + 1);
  await eventually(() => spool.frames, { timeout: 15_000 }).toBe(0);
}, 30_000);

test('a bounded number of frames is in flight', async () => {
  acknowledgeMsMax = 30_000;
  uplink = makeUplink();
  cloud.mischief = { loseAcknowledgement: 1 };
  for (let sequence = 1; sequence <= 20; sequence++) await seal(sequence);
  uplink.start();
  await eventually(sequences).toHaveLength(8);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(sequences()).toHaveLength(8);
  cloud.mischief = {};
  cloud.send({ kind: 'acknowledge', epoch: 1, sequence: 8 });
  await eventually(sequences).toHaveLength(20);
});

test('a token that the cloud does not take is told with its remedy and tried again when it has changed', async () => {
  token = () => 'slc_wrong';
  uplink.start();
  await eventually(() => logged).toContainEqual({
    level: 'error',
    message: 'the cloud does not take this cluster’s token',
    facts: expect.objectContaining({ code: 'token_invalid', status: 401, remedy: expect.stringContaining('token file') }),
  });
  expect(JSON.stringify(logged)).not.toContain('slc_wrong');
  token = () => TOKEN;
  await eventually(() => uplink.connected, { timeout: 15_000 }).toBe(true);
  expect(cloud.attempts).toBeLessThanOrEqual(4);
});

test('a token file that can’t be read is told and tried again', async () => {
  token = () => {
    throw new Error('no such file');
  };
  uplink.start();
  expect(logged.at(-1)?.facts).toMatchObject({ code: 'token_unreadable', reason: 'no such file' });
  token = () => TOKEN;
  await eventually(() => uplink.connected, { timeout: 15_000 }).toBe(true);
});

test('a refusal is obeyed for as long as it says', async () => {
  cloud.refusal = { kind: 'refused', code: 'overloaded', message: 'later', retryAfterMs: 600 };
  const beganMs = performance.now();
  uplink.start();
  await eventually(() => cloud.hellos.length).toBe(1);
  cloud.refusal = null;
  await eventually(() => uplink.connected, { timeout: 15_000 }).toBe(true);
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(600);
  expect(logged.find(({ level }) => level === 'error')?.facts).toMatchObject({ code: 'overloaded', reason: 'later', remedy: expect.any(String) });
});

test('something unreadable from the cloud ends the connection, something newer does not', async () => {
  uplink.start();
  await eventually(() => uplink.connected).toBe(true);
  cloud.send({ kind: 'dance' } as never);
  await eventually(() => logged.some(({ message }) => message.includes('newer cloud'))).toBe(true);
  expect(cloud.hellos).toHaveLength(1);
  cloud.send({ kind: 'acknowledge', epoch: -1, sequence: 0 });
  await eventually(() => cloud.hellos.length, { timeout: 15_000 }).toBe(2);
});

test('the back-off grows to half a minute, with jitter and a least wait', () => {
  expect([0, 1, 5, 30].map((failures) => backoffMs(failures, 0))).toEqual([100, 100, 100, 100]);
  expect([1, 2, 3, 8, 9, 50].map((failures) => backoffMs(failures, 1))).toEqual([200, 400, 800, 25_600, 30_000, 30_000]);
});

test('the credential of the cloud opens the next connection, and the token one after the credential is refused', async () => {
  cloud.credential = { text: 'slc_first.x', lifetimeMs: 3_600_000 };
  uplink.start();
  await eventually(() => uplink.connected).toBe(true);
  cloud.dropAll();
  await eventually(() => cloud.hellos.length).toBe(2);
  cloud.credential = { text: 'slc_second.x', lifetimeMs: 3_600_000 };
  cloud.dropAll();
  await eventually(() => cloud.hellos.length).toBe(3);
  expect(cloud.authorizations).toEqual([`Bearer ${TOKEN}`, 'Bearer slc_first.x', 'Bearer slc_first.x', `Bearer ${TOKEN}`]);
});

test('a credential past its life is not sent', async () => {
  cloud.credential = { text: 'slc_short.x', lifetimeMs: 0 };
  uplink.start();
  await eventually(() => uplink.connected).toBe(true);
  cloud.dropAll();
  await eventually(() => cloud.hellos.length).toBe(2);
  expect(cloud.authorizations).toEqual([`Bearer ${TOKEN}`, `Bearer ${TOKEN}`]);
});

test('frames pause for as long as a slow cloud asks, and go on by themselves', async () => {
  uplink.start();
  await seal(1);
  await eventually(sequences).toHaveLength(1);
  cloud.send({ kind: 'slow', waitMs: 1_500 });
  await eventually(() => metrics.get('uplink_slowed_total')).toBe(1);
  const askedMs = performance.now();
  await seal(2);
  await seal(3);
  await eventually(sequences, { timeout: 15_000 }).toEqual(['1.1', '1.2', '1.3']);
  expect(performance.now() - askedMs).toBeGreaterThan(1_200);
  expect(cloud.hellos).toHaveLength(1);
});

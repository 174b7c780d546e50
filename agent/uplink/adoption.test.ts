/** Between a seal that failed and its repetition, a cloud may tell that it has some of the windows already. */
import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Metrics } from '../admin/metrics.ts';
import { Pending } from '../aggregate/pending.ts';
import type { Batch, Marks } from '../aggregate/pending.ts';
import { makeEdge, makeWindow } from '../aggregate/testing.ts';
import type { AgentFrame } from '../wire/up.ts';
import type { Told } from '../proxies/absences.ts';
import { Sealer } from './sealer.ts';
import { Spool } from './spool.ts';
import type { Position } from './spool.ts';

const WINDOW_MS = 10_000;
let folder: string;
let spool: Spool;
let sealer: Sealer;
let acknowledged: Marks[];
let nowMs: number;
let diskFails: boolean;
let refused: Batch | null;
let lost: Told[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sidelight-adoption-'));
  [spool, acknowledged, nowMs, diskFails, refused, lost] = [await Spool.open(folder), [], 100_000, false, null, []];
  const store = async (batch: Batch, atMs: number): Promise<void> => {
    if (!diskFails) return spool.append(batch, WINDOW_MS, atMs);
    refused = batch;
    throw new Error('no space left on device');
  };
  const parts = { pending: new Pending({ windowMs: WINDOW_MS, sealDelayMs: 2_000 }), store, nowMs: () => nowMs, live: () => new Set<string>() };
  sealer = new Sealer({ ...parts, takeLost: () => lost.shift() ?? null, onSealed: (marks) => acknowledged.push(marks), metrics: new Metrics(), log: () => {} }, {});
});

afterEach(async () => {
  await spool.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What the agent does at a welcome. */
async function welcome(epoch: number, marks: Marks): Promise<void> {
  sealer.raise(marks);
  await spool.adopt(epoch, marks);
}

async function frames(): Promise<AgentFrame[]> {
  const found: AgentFrame[] = [];
  for (let at: Position | null = spool.next(null); at; at = spool.next(at)) {
    const frame = await spool.read(at);
    if (frame) found.push(frame);
  }
  return found;
}

async function requests(): Promise<number> {
  return (await frames()).flatMap(({ windows }) => windows.flatMap(({ edges }) => edges.requests)).reduce((sum, count) => sum + count, 0);
}

/** Seals what waits; while the disk fails, in vain. */
async function seal(how: 'in vain' | 'well'): Promise<void> {
  diskFails = how === 'in vain';
  nowMs += 3_000;
  await sealer.seal();
  diskFails = false;
}

function take(sequence: number, count: number): void {
  expect(sealer.take(makeWindow('aa', sequence, 5, [makeEdge({ requests: count })]))).toBe('taken');
}

test('a batch whose write failed just before the adoption is repeated without what the cloud has', async () => {
  take(1, 100);
  take(2, 7);
  await seal('in vain');
  await welcome(4, { aa: 1 });
  await seal('well');
  expect(await requests()).toBe(7);
  expect(acknowledged.at(-1)).toEqual({ aa: 2 });
  expect((await frames()).at(-1)?.marks).toEqual({ aa: 2 });
});

test('a batch that the cloud has as a whole is not repeated at all, and its proxy hears so with the next frame', async () => {
  take(1, 100);
  await seal('in vain');
  await welcome(4, { aa: 3, bb: 9 });
  await seal('well');
  expect(await frames()).toEqual([]);
  expect(sealer.sealedOf('aa')).toBe(3);
  take(4, 7);
  await seal('well');
  expect(await requests()).toBe(7);
  expect(acknowledged.at(-1)).toEqual({ aa: 4, bb: 9 });
});

test('what was lost is told all the same when nothing else of the batch is left', async () => {
  let told = 0;
  lost = [{ windows: 2, instances: [], done: () => (told += 1) }];
  take(1, 100);
  await seal('in vain');
  expect(told).toBe(0);
  await welcome(4, { aa: 1 });
  await seal('well');
  expect(await frames()).toMatchObject([{ windows: [], dropped: { proxyWindows: 2 } }]);
  expect(told).toBe(1);
});

test('a loss that is sealed before any cloud has adopted the spool is told by that frame', async () => {
  lost = [{ windows: 2, instances: [], done: () => {} }];
  take(1, 100);
  await seal('well');
  await welcome(4, {});
  expect(await frames()).toMatchObject([{ marks: { aa: 1 }, dropped: { proxyWindows: 2, frames: 0, folded: 0 } }]);
});

test('a write that was told as failed and reached the disk all the same counts once after a restart', async () => {
  take(1, 100);
  take(2, 7);
  await seal('in vain');
  await welcome(4, { aa: 1 });
  await seal('well');
  expect(await requests()).toBe(7);
  await spool.close();
  await putBefore(refused);
  spool = await Spool.open(folder);
  expect(await requests()).toBe(7);
});

/** Puts the record of a batch, as a spool without an epoch writes it, in front of what the folder holds. */
async function putBefore(batch: Batch | null): Promise<void> {
  if (!batch) throw new Error('the disk refused no batch');
  const other = mkdtempSync(join(tmpdir(), 'sidelight-adoption-'));
  const writer = await Spool.open(other);
  await writer.append(batch, WINDOW_MS, nowMs);
  await writer.close();
  renameSync(join(folder, '0000000001.segment'), join(folder, '0000000002.segment'));
  copyFileSync(join(other, '0000000001.segment'), join(folder, '0000000001.segment'));
  rmSync(other, { recursive: true });
}

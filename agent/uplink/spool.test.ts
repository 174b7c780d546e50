import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { marksOf } from '../aggregate/pending.ts';
import type { Batch } from '../aggregate/pending.ts';
import { makeEdge, makeWindow } from '../aggregate/testing.ts';
import type { AgentFrame } from '../wire/up.ts';
import { scanRecords } from './record.ts';
import { Spool } from './spool.ts';

const LENGTH_MS = 10_000;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidelight-spool-'));
});
afterEach(async () => {
  for (const spool of opened.splice(0)) await spool.close();
  rmSync(folder, { recursive: true, force: true });
});

const opened: Spool[] = [];
async function openSpool(...of: Parameters<typeof Spool.open>): Promise<Spool> {
  const spool = await Spool.open(...of);
  opened.push(spool);
  return spool;
}

const batchOf = (sequence: number, requests = 1): Batch => {
  const windows = [makeWindow('a', sequence, sequence, [makeEdge({ requests })])];
  return { windows, marks: marksOf(windows) };
};

async function framesIn(spool: Spool): Promise<AgentFrame[]> {
  const frames: AgentFrame[] = [];
  for (let at = spool.next(null); at; at = spool.next(at)) {
    const frame = await spool.read(at);
    if (frame) frames.push(frame);
  }
  return frames;
}

const places = async (spool: Spool): Promise<string[]> => (await framesIn(spool)).map(({ epoch, sequence, previous }) => `${epoch}.${sequence}<${previous}`);
const segments = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.segment')).sort();

async function adopted(): Promise<Spool> {
  const spool = await openSpool(folder);
  await spool.adopt(7, {});
  return spool;
}

test('frames keep their place and content over a restart, and a restart begins a new epoch', async () => {
  const first = await adopted();
  await first.append(batchOf(1, 5), LENGTH_MS, 1000);
  await first.append(batchOf(2), LENGTH_MS, 2000);
  await first.close();
  const second = await openSpool(folder);
  expect(second.epoch).toBe(8);
  expect(second.marks).toEqual({ a: 2 });
  await second.append(batchOf(3), LENGTH_MS, 3000);
  expect(await places(second)).toEqual(['7.1<0', '7.2<1', '8.1<0']);
  expect((await framesIn(second))[0]).toMatchObject({ marks: { a: 1 }, windows: [{ startMs: 10_000, edges: { requests: [5] } }] });
});

test('while many rows are merged the event loop goes round', async () => {
  const spool = await adopted();
  const rows = Array.from({ length: 400 }, (_, at) => makeEdge({ destination: `shop/host/d${at}` }));
  const windows = Array.from({ length: 200 }, (_, proxy) => makeWindow(`p${proxy}`, 1, 1, rows.map((row) => ({ ...row, source: `shop/host/s${proxy}` }))));
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  await spool.append({ windows, marks: marksOf(windows) }, LENGTH_MS, 1000);
  clearInterval(timer);
  // Without slices it is one or two, those of the disk.
  expect(turns).toBeGreaterThan(10);
});

test('a spool that no cloud has adopted has no epoch and sends nothing, however often it restarts', async () => {
  const first = await openSpool(folder);
  await first.append(batchOf(1), LENGTH_MS, 1000);
  await first.close();
  const second = await openSpool(folder);
  await second.append(batchOf(2), LENGTH_MS, 2000);
  expect(second.epoch).toBeNull();
  expect(second.marks).toEqual({ a: 2 });
  expect(second.next(null)).toBeNull();
  await second.adopt(3, {});
  expect(await places(second)).toEqual(['3.1<0', '3.2<1']);
  await second.append(batchOf(3), LENGTH_MS, 3000);
  await second.close();
  const third = await openSpool(folder);
  expect(await places(third)).toEqual(['3.1<0', '3.2<1', '3.3<2']);
  expect(third.epoch).toBe(4);
});

test('windows that the adopting cloud has already are left out of what was sealed before', async () => {
  const spool = await openSpool(folder);
  const windows = [1, 2, 3].map((sequence) => makeWindow('a', sequence, sequence, [makeEdge()]));
  await spool.append({ windows, marks: { a: 3 } }, LENGTH_MS, 1000);
  await spool.adopt(3, { a: 2, b: 9 });
  const check = async (of: Spool): Promise<void> => {
    const [frame] = await framesIn(of);
    expect(frame?.windows.map(({ startMs }) => startMs)).toEqual([30_000]);
    expect(frame?.marks).toEqual({ a: 3 });
  };
  await check(spool);
  await spool.close();
  await check(await openSpool(folder));
});

test('acknowledged frames leave the spool, and the newest record stays on disk so that the marks survive', async () => {
  const spool = await adopted();
  for (const sequence of [1, 2, 3]) await spool.append(batchOf(sequence), LENGTH_MS, 1000);
  await spool.acknowledge({ epoch: 7, sequence: 2 });
  expect(await places(spool)).toEqual(['7.3<0']);
  await spool.acknowledge({ epoch: 7, sequence: 3 });
  expect(await places(spool)).toEqual([]);
  await spool.close();
  const again = await openSpool(folder);
  expect(again.marks).toEqual({ a: 3 });
  expect(await places(again)).toEqual(['7.1<0', '7.2<1', '7.3<2']);
  await again.acknowledge({ epoch: 7, sequence: 3 });
  await again.append(batchOf(4), LENGTH_MS, 1000);
  expect(segments()).toHaveLength(2);
  await again.acknowledge({ epoch: 8, sequence: 1 });
  expect(segments()).toHaveLength(1);
  await again.close();
  expect((await openSpool(folder)).marks).toEqual({ a: 4 });
});

test('what was acknowledged before the newest frame is remembered over a restart without the cloud', async () => {
  const spool = await adopted();
  for (const sequence of [1, 2]) await spool.append(batchOf(sequence), LENGTH_MS, 1000);
  await spool.acknowledge({ epoch: 7, sequence: 2 });
  await spool.append(batchOf(3), LENGTH_MS, 1000);
  await spool.close();
  expect(await places(await openSpool(folder))).toEqual(['7.3<0']);
});

test('a number that the cloud has seen is never given again', async () => {
  const spool = await adopted();
  await spool.acknowledge({ epoch: 7, sequence: 40 });
  await spool.append(batchOf(1), LENGTH_MS, 1000);
  expect(await places(spool)).toEqual(['7.41<0']);
});

test('cut at every byte, a segment gives exactly the records that were whole', async () => {
  const { bytes, ends } = await threeFrames();
  for (let at = 0; at <= bytes.length; at++) {
    const { records, damaged } = scanRecords(bytes.subarray(0, at));
    const whole = ends.filter((end) => end <= at).length;
    expect([at, records.length, damaged]).toEqual([at, whole, ends.includes(at) || at === 0 ? 0 : 1]);
  }
});

test('cut by a crash, the spool opens with what was whole, and what it takes then is safe', async () => {
  const { bytes, ends } = await threeFrames();
  const file = join(folder, '0000000001.segment');
  for (const cut of ends.flatMap((end) => [end - 30, end - 1, end]).filter((at) => at > (ends[0] ?? 0))) {
    for (const name of segments()) rmSync(join(folder, name));
    writeFileSync(file, bytes.subarray(0, cut));
    const whole = ends.filter((end) => end <= cut).length - 1;
    const spool = await openSpool(folder);
    expect([cut, spool.frames, spool.marks['a'] ?? 0]).toEqual([cut, whole, whole]);
    await spool.append(batchOf(9), LENGTH_MS, 1000);
    await spool.close();
    const again = await openSpool(folder);
    expect((await places(again)).slice(-1)).toEqual([`${spool.epoch}.1<0`]);
    expect(again.frames).toBe(whole + 1);
    await again.close();
  }
});

/** An adoption and three frames, and where each ends. */
async function threeFrames(): Promise<{ bytes: Buffer; ends: number[] }> {
  const spool = await adopted();
  const file = join(folder, '0000000001.segment');
  const ends = [statSync(file).size];
  for (const sequence of [1, 2, 3]) {
    await spool.append(batchOf(sequence), LENGTH_MS, 1000);
    ends.push(statSync(file).size);
  }
  await spool.close();
  return { bytes: readFileSync(file), ends };
}

test('a record with a flipped bit is passed over and counted, and the others are read', async () => {
  const first = await adopted();
  const ends: number[] = [];
  for (const sequence of [1, 2, 3]) {
    await first.append(batchOf(sequence), LENGTH_MS, 1000);
    ends.push(statSync(join(folder, '0000000001.segment')).size);
  }
  await first.close();
  const bytes = readFileSync(join(folder, '0000000001.segment'));
  const at = (ends[0] ?? 0) + 40;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(join(folder, '0000000001.segment'), bytes);
  const spool = await openSpool(folder);
  expect(await places(spool)).toEqual(['7.1<0', '7.3<1']);
  expect(spool.damaged).toBe(1);
});

test('junk after the last record is passed over', async () => {
  const first = await adopted();
  await first.append(batchOf(1), LENGTH_MS, 1000);
  await first.close();
  appendFileSync(join(folder, '0000000001.segment'), Buffer.alloc(50, 0xff));
  expect(await places(await openSpool(folder))).toEqual(['7.1<0']);
});

test('a full spool drops its oldest frames and the next frame tells how many and what they had lost', async () => {
  const limits = { ageMsMax: 1e12, bytesMax: 2_500_000 };
  const spool = await openSpool(folder, limits);
  await spool.adopt(7, {});
  const noise = (at: number) => Array.from({ length: 3000 }, (_, row) => makeEdge({ source: `s/host/${Math.imul(at * 3000 + row, 2654435761) >>> 0}`, service: `s/${Math.imul(row + at, 40503) >>> 0}` }));
  let sequence = 0;
  while (spool.droppedFrames === 0 && sequence < 200) {
    sequence += 1;
    const window = { ...makeWindow('a', sequence, sequence, noise(sequence)), dropped: { windows: 1, folded: 2 } };
    await spool.append({ windows: [window], marks: { a: sequence } }, LENGTH_MS, sequence);
  }
  const frames = await framesIn(spool);
  const dropped = spool.droppedFrames;
  expect(dropped).toBeGreaterThan(0);
  expect(spool.bytes).toBeLessThanOrEqual(limits.bytesMax);
  expect(frames[0]?.sequence).toBe(dropped + 1);
  expect(frames[0]?.previous).toBe(0);
  expect(frames.at(-1)?.dropped).toEqual({ proxyWindows: dropped + 1, frames: dropped, folded: 2 * (dropped + 1) });
  await spool.close();
  expect((await framesIn(await openSpool(folder, limits))).map((frame) => frame.sequence)).toEqual(frames.map((frame) => frame.sequence));
}, 20_000);

test('frames older than a day are dropped with the segment that holds them, and a drop is not undone by a crash', async () => {
  const first = await adopted();
  await first.append(batchOf(1), LENGTH_MS, 1000);
  await first.close();
  const old = readFileSync(join(folder, '0000000001.segment'));
  const second = await openSpool(folder);
  await second.append(batchOf(2), LENGTH_MS, 1000 + 25 * 3_600_000);
  expect(await places(second)).toEqual(['8.1<0']);
  expect((await framesIn(second))[0]?.dropped.frames).toBe(1);
  await second.close();
  writeFileSync(join(folder, '0000000001.segment'), old);
  expect(await places(await openSpool(folder))).toEqual(['8.1<0']);
});

test('a lost epoch note is found again in the records', async () => {
  const first = await adopted();
  await first.append(batchOf(1), LENGTH_MS, 1000);
  await first.close();
  rmSync(join(folder, 'epoch'));
  expect((await openSpool(folder)).epoch).toBe(8);
});

test('a write that fails changes nothing, and its repetition is one frame', async () => {
  const spool = await adopted();
  await spool.append(batchOf(1), LENGTH_MS, 1000);
  await spool.close();
  const again = await openSpool(folder);
  rmSync(folder, { recursive: true });
  await expect(again.append(batchOf(2), LENGTH_MS, 1000)).rejects.toThrow();
  expect(again.marks).toEqual({ a: 1 });
  mkdirSync(folder);
  await again.append(batchOf(2), LENGTH_MS, 1000);
  expect(again.marks).toEqual({ a: 2 });
  await again.close();
  const [name = ''] = segments();
  const bytes = readFileSync(join(folder, name));
  appendFileSync(join(folder, name), bytes);
  expect(await places(await openSpool(folder))).toEqual(['8.1<0']);
  truncateSync(join(folder, name), bytes.length);
});

test('a frame that the disk has damaged is left out, and the next one tells of it', async () => {
  const spool = await adopted();
  for (const sequence of [1, 2, 3]) await spool.append(batchOf(sequence), LENGTH_MS, 1000);
  const file = join(folder, '0000000001.segment');
  const bytes = readFileSync(file);
  const size = (bytes.length / 4) * 2;
  bytes[Math.floor(size)] = (bytes[Math.floor(size)] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  expect(await places(spool)).toHaveLength(2);
  await spool.append(batchOf(4), LENGTH_MS, 1000);
  const frames = await framesIn(spool);
  expect(frames.map(({ sequence, previous, dropped }) => [sequence, previous, dropped.frames])).toEqual([[1, 0, 0], [3, 1, 0], [4, 3, 1]]);
  expect(spool.droppedFrames).toBe(1);
});

test('a folder that can’t be used is told with its remedy', async () => {
  writeFileSync(join(folder, 'file'), '');
  await expect(Spool.open(join(folder, 'file'))).rejects.toMatchObject({ code: 'spool_unusable' });
});

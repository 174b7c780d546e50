import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Spool } from '../uplink/spool.ts';
import { Absences } from './absences.ts';
import type { KnownProcess } from './absences.ts';
import { readKnownProcesses, writeKnownProcesses } from './known-processes.ts';

const LENGTH_MS = 10_000;
const NOW_MS = 1_000_000;
const process = (digit: string): KnownProcess => ({ instance: digit.repeat(16), workload: 'shop/host/web', name: 'web-1' });
const [GONE, SUCCESSOR, NEXT] = [process('a'), process('b'), process('c')];
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidelight-known-'));
  file = join(folder, 'proxies.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a start of the agent makes of the folder. */
async function start() {
  const spool = await Spool.open(join(folder, 'spool'));
  const known = readKnownProcesses(file, spool.lastLostOf);
  const absences = new Absences({ tick: () => 100, ringTicks: 90, keep: (list) => writeKnownProcesses(file, list) }, known, 99);
  return { spool, absences };
}

test.each([
  { killed: 'before its frame is on disk', stores: false, toldAgain: true },
  { killed: 'between its frame and the note of it', stores: true, toldAgain: false },
])('a loss is told exactly once when the agent is killed $killed', async ({ stores, toldAgain }) => {
  const first = await start();
  first.absences.joined(GONE);
  first.absences.left(GONE.instance, { from: 99, to: 100 });
  first.absences.joined(SUCCESSOR);
  const told = first.absences.take();
  expect(told).toMatchObject({ windows: 2, instances: [GONE.instance] });
  if (stores) await first.spool.append({ windows: [], marks: {}, lost: 2, lostOf: [GONE.instance] }, LENGTH_MS, NOW_MS);
  await first.spool.close();

  const second = await start();
  second.absences.joined(SUCCESSOR);
  expect(second.absences.take()?.instances ?? []).toEqual(toldAgain ? [GONE.instance] : []);
  await second.spool.close();
});

test('a loss behind the newest frame is told, whatever that frame told', async () => {
  const first = await start();
  first.absences.joined(SUCCESSOR);
  await first.spool.append({ windows: [], marks: {}, lost: 2, lostOf: [GONE.instance] }, LENGTH_MS, NOW_MS);
  await first.spool.append({ windows: [], marks: {} }, LENGTH_MS, NOW_MS);
  expect(first.spool.lastLostOf).toEqual([]);
  await first.spool.close();
  const second = await start();
  second.absences.joined(NEXT);
  expect(second.absences.take()?.instances).toEqual([SUCCESSOR.instance]);
  await second.spool.close();
});

test('a list that is damaged or missing names nobody', () => {
  expect(readKnownProcesses(file, [])).toEqual([]);
  writeFileSync(file, '[{"instance":');
  expect(readKnownProcesses(file, [])).toEqual([]);
});

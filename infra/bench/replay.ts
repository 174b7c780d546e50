/** `npm run bench -- replay`: random past moments of recorded uplinks, each held against a replay. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY_MS, HOUR_MS } from '../../cloud/rollup/chunk.ts';
import { CLOSED_AFTER_MS } from '../../cloud/rollup/roll.ts';
import { testStore } from '../../cloud/rollup/testing.ts';
import { checkMoments, recordUplink } from '../../cloud/series/replay.ts';
import { faultText } from '../fault.ts';
import { benchArguments } from './cloud/arguments.ts';
import { benchPlace, startDatabase } from './cloud/place.ts';

const HELP = `npm run bench -- replay: the topology of random past moments equals a replay of the recorded uplink.
Moments are looked at before and after their hours are rolled up, and as they are seen days and months later.

  --count N      moments (default 1000)
  --seed N       default 1
`;
/** Moments of one recording. */
const PER_RECORDING = 250;
const FROM_MS = 20_480 * DAY_MS + 20 * HOUR_MS;

/** Faults of one recording, in words. */
async function runOne(seed: number, count: number): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sidelight-replay-'));
  const database = await startDatabase(benchPlace(folder));
  try {
    const store = await testStore(FROM_MS + HOUR_MS, { serverUrl: database.serverUrl, drop: async () => undefined });
    try {
      const recording = await recordUplink(store, seed, FROM_MS);
      const early = Math.floor(count / 3);
      const faults = await checkMoments(store, recording, seed + 1, early);
      await store.roll(recording.toMs + HOUR_MS + CLOSED_AFTER_MS);
      return [...faults, ...(await checkMoments(store, recording, seed + 2, count - early))];
    } finally {
      await store.close();
    }
  } finally {
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const options = benchArguments(process.argv.slice(2).filter((arg) => arg !== 'replay'), 1000);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const faults: string[] = [];
  for (let done = 0; done < options.count; done += PER_RECORDING) faults.push(...(await runOne(options.seed + done, Math.min(PER_RECORDING, options.count - done))));
  process.stdout.write(`${options.count} past moments, seed ${options.seed}: ${faults.length} differ from the replay\n`);
  for (const fault of faults.slice(0, 5)) process.stdout.write(`  ${fault.slice(0, 1000)}\n`);
  return faults.length === 0 ? 0 : 1;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${faultText(error)}\n`);
  return 1;
});

/** `npm run conformance -- attacks`: hostile connections against a running proxy, while another client must notice nothing. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { machineLine } from '../../bench/machine.ts';
import { memoryOf } from '../../bench/process-cost.ts';
import { markdownTable } from '../../bench/table.ts';
import { wholeOption } from '../../test/arguments.ts';
import type { Program } from '../../test/static-bed.ts';
import { Assailant } from './assailant.ts';
import { type AttackBed, startAttackBed } from './bed.ts';
import { ATTACKS, type Attack } from './blows.ts';
import { type Testimony, Witness } from './witness.ts';

const SECONDS_DEFAULT = 5;
const WITNESS_PER_SECOND = 50;
/** Load before the first attack, so that the runtime's heap has the size that traffic gives it. */
const WARM_UP_MS = 5_000;
const WARM_UP_LANES = 20;
const WARM_UP_PER_SECOND = 200;
/** The issue's: memory is back within. */
const RECOVERY_MS_MAX = 30_000;
/** What a runtime's heap moves by itself. */
const MEMORY_MARGIN_KIB = 8 * 1024;
const LOOK_MS = 250;

const USAGE = `npm run conformance -- attacks [--seconds N] [--only NAME] [--proxy EXECUTABLE] [--json FILE]
  Each attack is counted once, blow by blow, then goes on for N seconds (default ${SECONDS_DEFAULT}, the full run is 60), again and again when it is cut off.
  attacks: ${ATTACKS.map(({ name }) => name).join(', ')}`;

/** What became of one attack. */
export interface AttackResult {
  readonly name: string;
  /** Blows until the connection was ended, counted one batch at a time; null when it was not. */
  readonly endedAfter: number | null;
  readonly code: number | null;
  /** Connections and blows of the flood. */
  readonly connections: number;
  readonly blows: number;
  readonly witness: Testimony;
  /** Private memory in KiB before, at most during the flood, and behind it. */
  readonly beforeKib: number;
  readonly peakKib: number;
  readonly afterKib: number;
  readonly recoveredMs: number | null;
  readonly faults: readonly string[];
}

/** Runs; resolves with the exit code. */
export async function runAttacks(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string' }, only: { type: 'string' }, proxy: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean' } },
  });
  const attacks = ATTACKS.filter(({ name }) => values.only === undefined || name === values.only);
  if (values.help === true || attacks.length === 0) {
    process.stdout.write(`${USAGE}\n`);
    return values.help === true ? 0 : 64;
  }
  const seconds = wholeOption('seconds', values.seconds, SECONDS_DEFAULT);
  const program: Program = values.proxy === undefined ? { kind: 'source' } : { kind: 'executable', path: values.proxy };
  const bed = await startAttackBed(program);
  const results: AttackResult[] = [];
  try {
    const witness = new Witness(bed.port);
    const warmAtMs = performance.now() + WARM_UP_MS;
    await Promise.all(Array.from({ length: WARM_UP_LANES }, () => witness.watch(WARM_UP_PER_SECOND, () => performance.now() > warmAtMs)));
    for (const attack of attacks) results.push(await tryAttack(bed, witness, attack, seconds));
    witness.close();
  } finally {
    await bed.stop();
  }
  process.stdout.write(`${printAttacks(results)}\n\n${seconds} s each. ${machineLine()}\n`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ seconds, machine: machineLine(), results }, null, 2)}\n`);
  return results.some(({ faults }) => faults.length > 0) ? 1 : 0;
}

/** Counts the attack, then lets it rage while the witness asks. */
export async function tryAttack(bed: AttackBed, witness: Witness, attack: Attack, seconds: number): Promise<AttackResult> {
  const counted = await countAttack(bed.port, attack);
  const beforeKib = memoryOf(bed.proxy.pid).privateKib;
  const untilMs = performance.now() + seconds * 1_000;
  const flood = floodAttack(bed, attack, untilMs);
  let over = false;
  const testifying = witness.watch(WITNESS_PER_SECOND, () => over);
  const { connections, blows, peakKib } = await flood;
  const recovery = await recover(bed.proxy.pid, beforeKib).finally(() => (over = true));
  const testimony = await testifying;
  const result = { name: attack.name, ...counted, connections, blows, witness: testimony, beforeKib, peakKib, ...recovery };
  return { ...result, faults: faultsOf(attack, result, bed) };
}

function faultsOf(attack: Attack, result: Omit<AttackResult, 'faults'>, bed: AttackBed): string[] {
  const { endedAfter, witness, recoveredMs, beforeKib, afterKib } = result;
  return [
    ...(attack.most !== null && endedAfter === null ? [`the connection was not ended within ${attack.most + attack.batch}`] : []),
    ...(witness.failures.length > 0 ? [`${witness.failures.length} of ${witness.requests} requests of another client failed: ${witness.failures[0]}`] : []),
    ...(recoveredMs === null ? [`private memory is ${afterKib} KiB ${RECOVERY_MS_MAX / 1_000} s behind it, ${beforeKib} KiB before`] : []),
    ...(bed.proxy.isRunning() ? [] : [`the proxy ended: ${bed.proxy.log().slice(-500)}`]),
  ];
}

async function countAttack(port: number, attack: Attack): Promise<Pick<AttackResult, 'endedAfter' | 'code'>> {
  if (attack.most === null) return { endedAfter: null, code: null };
  const assailant = await Assailant.connect(port, attack);
  const count = await assailant.count(attack.most + attack.batch);
  const { ended, code } = assailant;
  assailant.close();
  return { endedAfter: ended ? count : null, code };
}

async function floodAttack(bed: AttackBed, attack: Attack, untilMs: number): Promise<{ connections: number; blows: number; peakKib: number }> {
  let connections = 0;
  let blows = 0;
  let peakKib = 0;
  const looking = setInterval(() => (peakKib = Math.max(peakKib, bed.proxy.isRunning() ? memoryOf(bed.proxy.pid).privateKib : 0)), LOOK_MS);
  while (performance.now() < untilMs && bed.proxy.isRunning()) {
    const assailant = await Assailant.connect(bed.port, attack);
    connections++;
    await assailant.flood(untilMs);
    blows += assailant.blows;
    assailant.close();
  }
  clearInterval(looking);
  return { connections, blows, peakKib };
}

async function recover(pid: number, beforeKib: number): Promise<Pick<AttackResult, 'afterKib' | 'recoveredMs'>> {
  const began = performance.now();
  for (;;) {
    const afterKib = memoryOf(pid).privateKib;
    const passedMs = performance.now() - began;
    if (afterKib <= beforeKib + MEMORY_MARGIN_KIB) return { afterKib, recoveredMs: Math.round(passedMs) };
    if (passedMs > RECOVERY_MS_MAX) return { afterKib, recoveredMs: null };
    await sleep(LOOK_MS);
  }
}

function printAttacks(results: readonly AttackResult[]): string {
  const mib = (kib: number): string => (kib / 1024).toFixed(1);
  const table = markdownTable([
    ['attack', 'ended after', 'code', 'connections', 'blows', "another client's requests", 'failed', 'its p99 ms', 'MiB before', 'at most', 'behind', 'back after s', ''],
    ...results.map(({ name, endedAfter, code, connections, blows, witness, beforeKib, peakKib, afterKib, recoveredMs, faults }) => [
      name, endedAfter === null ? '–' : String(endedAfter), code === null ? '–' : String(code), String(connections), String(blows), String(witness.requests), String(witness.failures.length),
      witness.p99Ms.toFixed(1), mib(beforeKib), mib(peakKib), mib(afterKib), recoveredMs === null ? 'never' : (recoveredMs / 1_000).toFixed(1), faults.length === 0 ? 'ok' : 'FAULT',
    ]),
  ]);
  const faults = results.flatMap(({ name, faults: found }) => found.map((fault) => `${name}: ${fault}`));
  return [table, ...(faults.length === 0 ? [] : ['', ...faults])].join('\n');
}

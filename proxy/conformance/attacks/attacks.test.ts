import { afterAll, beforeAll, expect, test } from 'vitest';
import { Assailant } from './assailant.ts';
import { type AttackBed, startAttackBed } from './bed.ts';
import { ATTACKS } from './blows.ts';
import { Witness } from './witness.ts';

const START_MS = 60_000;
const FLOOD_MS = 500;
const WITNESS_PER_SECOND = 50;
/** Streams that stand still for so long may not hold up another client's request for this part of it. */
const STANDSTILL_MS = 5_000;
const HELD_UP_MS_MAX = 3_000;

let bed: AttackBed;
let witness: Witness;
/** Connections that were cut off so far. */
let calmed = 0;

async function counterOf(name: string): Promise<number> {
  const metrics = await fetch(`http://${bed.proxy.admin}/metrics`).then((answer) => answer.text());
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1]);
}

beforeAll(async () => {
  bed = await startAttackBed({ kind: 'source' });
  witness = new Witness(bed.port);
}, START_MS);

afterAll(async () => {
  witness.close();
  await bed.stop();
}, START_MS);

test.each(ATTACKS.filter(({ most }) => most !== null))('$name is cut off by a running proxy in time, and another client notices nothing', async (attack) => {
  const assailant = await Assailant.connect(bed.port, attack);
  let over = false;
  const testimony = witness.watch(WITNESS_PER_SECOND, () => over);
  await assailant.count((attack.most ?? 0) + attack.batch).finally(() => (over = true));
  expect(assailant.ended).toBe(true);
  assailant.close();
  expect((await testimony).failures).toEqual([]);
  calmed++;
  expect(await counterOf('sidelight_http2_connections_calmed_total')).toBe(calmed);
}, START_MS);

test('a caller that reads nothing of 200 answers does not hold up another at the same app', async () => {
  const attack = ATTACKS.find(({ name }) => name === 'zero window');
  if (attack === undefined) throw new Error('the attack is gone');
  const assailant = await Assailant.connect(bed.port, attack);
  const untilMs = performance.now() + STANDSTILL_MS;
  const [testimony] = await Promise.all([witness.watch(WITNESS_PER_SECOND, () => performance.now() > untilMs), assailant.flood(untilMs)]);
  assailant.close();
  expect(testimony.failures).toEqual([]);
  expect(testimony.worstMs).toBeLessThan(HELD_UP_MS_MAX);
}, START_MS);

test.each(ATTACKS.filter(({ most }) => most === null))('$name is borne by a running proxy, and another client notices nothing', async (attack) => {
  const assailant = await Assailant.connect(bed.port, attack);
  let over = false;
  const testimony = witness.watch(WITNESS_PER_SECOND, () => over);
  await assailant.flood(performance.now() + FLOOD_MS).finally(() => (over = true));
  assailant.close();
  expect((await testimony).failures).toEqual([]);
  expect(bed.proxy.isRunning()).toBe(true);
}, START_MS);

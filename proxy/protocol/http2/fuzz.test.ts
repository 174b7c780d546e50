/** Random and mutated frames: the engine never throws, never loops, never says anything behind a GOAWAY, and never holds more than its limits. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../test/random.ts';
import { concat } from '../bytes.ts';
import { TYPE } from './frame.ts';
import { GET, OK, POST, Recorder, block, framesOf, headers, hello, frame, listOf, settingsFrame, uint32 } from './testing.ts';

const RUNS = 400;
const FRAMES = 60;

type Random = () => number;

const pick = (random: Random, count: number): number => Math.floor(random() * count);

function randomFrame(random: Random): Uint8Array {
  const id = [0, 1, 1, 1, 3, 5, 7, 2, 99][pick(random, 9)] ?? 0;
  switch (pick(random, 9)) {
    case 0: return headers(1 + 2 * pick(random, 20), random() < 0.5 ? GET : POST, random() < 0.5);
    case 1: return headers(id, [['x-a', 'b']], random() < 0.8);
    case 2: return frame(TYPE.data, pick(random, 16), id, new Uint8Array(pick(random, 3_000)));
    case 3: return frame(TYPE.windowUpdate, 0, id, uint32(pick(random, 100_000)));
    case 4: return settingsFrame([[1 + pick(random, 8), pick(random, 70_000)]]);
    case 5: return frame(TYPE.rstStream, 0, id, uint32(pick(random, 14)));
    case 6: return frame(TYPE.headers, pick(random, 64), id, block(POST));
    case 7: return frame(TYPE.continuation, pick(random, 8), id, block([['c', 'd']]));
    default: return frame(pick(random, 12), pick(random, 256), id, Uint8Array.from({ length: pick(random, 40) }, () => pick(random, 256)));
  }
}

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  for (let hits = pick(random, 4); hits > 0; hits--) out[pick(random, out.length)] = pick(random, 256);
  return random() < 0.1 ? out.slice(0, pick(random, out.length + 1)) : out;
}

/** An owner that does a bit of everything. */
function owner(side: Recorder, random: Random): void {
  side.onAccept = (stream, events) => {
    events.autoConsume = random() < 0.8;
    if (random() < 0.3) return stream.reset(pick(random, 14));
    if (random() < 0.7) stream.sendHead(listOf(OK), random() < 0.3);
    if (stream.headSent && !stream.ending && stream.state !== 'closed' && stream.state !== 'half-closed (local)') stream.sendData(new Uint8Array(pick(random, 100_000)), 0, pick(random, 10), random() < 0.5);
  };
}

/** Output may have at most one GOAWAY with a code, and nothing behind it. */
function checkOutput(side: Recorder, out: Uint8Array): void {
  const read = framesOf(out);
  if (side.fault === null) return;
  expect(read.at(-1)?.type).toBe(TYPE.goaway);
  expect(side.connection.streams).toBe(0);
}

function run(role: 'client' | 'server', seed: number, mutated: boolean): void {
  const random = seededRandom(seed);
  const side = new Recorder({ role });
  owner(side, random);
  let out = side.output();
  const begin = role === 'server' ? hello() : settingsFrame([]);
  side.connection.push(begin, 0, begin.length);
  for (let at = 0; at < FRAMES && side.connection.open; at++) {
    if (role === 'client' && side.connection.room > 0 && random() < 0.5) side.request(random() < 0.5 ? GET : POST, random() < 0.5);
    const next = mutated ? mutate(randomFrame(random), random) : randomFrame(random);
    const cut = pick(random, next.length + 1);
    side.connection.push(next, 0, cut);
    side.connection.push(next, cut, next.length);
    if (random() < 0.5) out = concat([out, side.output(pick(random, 50_000))]);
  }
  out = concat([out, side.output()]);
  checkOutput(side, out);
  side.connection.lost();
  expect(side.connection.streams).toBe(0);
}

test.each(['client', 'server'] as const)('a %s lives through random frames', (role) => {
  for (let seed = 1; seed <= RUNS; seed++) run(role, seed, false);
});

test.each(['client', 'server'] as const)('a %s lives through mutated frames', (role) => {
  for (let seed = 1; seed <= RUNS; seed++) run(role, seed + 10_000, true);
});

test('a server lives through random bytes behind the preface', () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = seededRandom(seed);
    const side = new Recorder({ role: 'server' });
    const bytes = concat([hello(), Uint8Array.from({ length: 500 }, () => (random() < 0.5 ? 0 : pick(random, 256)))]);
    side.connection.push(bytes, 0, bytes.length);
    checkOutput(side, side.output());
  }
});

/** Two engines whose owners do whatever they may, at any time: neither ever finds a fault with the other, and nothing is left at the end. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../test/random.ts';
import { CODE } from './codes.ts';
import type { Http2Stream } from './stream.ts';
import { GET, OK, POST, type Recorder, type RecordingStream, exchange, listOf, pair } from './testing.ts';

const RUNS = 150;
const STEPS = 200;
const PIECE_MAX = 30_000;

type Random = () => number;

const pick = (random: Random, count: number): number => Math.floor(random() * count);

/** One of an owner's streams; `held` is data that it has not consumed. */
interface Party {
  readonly stream: Http2Stream;
  readonly events: RecordingStream;
  readonly answers: boolean;
  held: number;
  ended: boolean;
}

function watch(stream: Http2Stream, events: RecordingStream, answers: boolean): Party {
  const party: Party = { stream, events, answers, held: 0, ended: false };
  events.autoConsume = false;
  events.keepsBody = false;
  const { data } = events;
  events.data = (bytes, start, end, last) => {
    data.call(events, bytes, start, end, last);
    party.held += end - start;
  };
  return party;
}

function act(party: Party, random: Random): void {
  const { stream } = party;
  if (random() < 0.5) {
    const count = pick(random, party.held + 1);
    party.held -= count;
    stream.consumed(count);
  }
  if (party.ended || !stream.open) return;
  if (!stream.headSent) {
    if (random() < 0.2) return stream.sendHead(listOf([[':status', '103']]), false);
    if (random() < 0.5) stream.sendHead(listOf([...OK, ['x', 'y'.repeat(pick(random, 100))]]), (party.ended = random() < 0.2));
    return;
  }
  switch (pick(random, 12)) {
    case 0:
      party.ended = true;
      return stream.reset([CODE.cancel, CODE.refusedStream, CODE.internalError][pick(random, 3)] ?? CODE.cancel);
    case 1:
      party.ended = true;
      return stream.sendTrailers(listOf([['x-trailer', String(pick(random, 100))]]));
    case 2:
      party.ended = true;
      return stream.end();
    case 3:
      party.ended = true;
      stream.sendData(new Uint8Array(10), 0, 10, true);
      if (party.answers && random() < 0.5) stream.reset(CODE.noError);
      return;
    default: {
      const length = pick(random, PIECE_MAX);
      if (!stream.blocked) stream.sendData(new Uint8Array(length), 0, length, false);
    }
  }
}

function carrySome(from: Recorder, to: Recorder, random: Random): void {
  const bytes = from.output(pick(random, 80_000));
  for (let at = 0; at < bytes.length; ) {
    const upTo = Math.min(bytes.length, at + 1 + pick(random, 20_000));
    to.connection.push(bytes, at, upTo);
    at = upTo;
  }
}

function finish(parties: readonly Party[], { client, server }: ReturnType<typeof pair>): void {
  for (let round = 0; round < 1_000 && client.connection.streams + server.connection.streams > 0; round++) {
    for (const party of parties) {
      party.stream.consumed(party.held);
      party.held = 0;
      if (party.ended || !party.stream.open) continue;
      party.ended = true;
      if (!party.stream.headSent) party.stream.sendHead(listOf(OK), true);
      else party.stream.end();
    }
    exchange(client, server);
  }
  for (const { stream, held } of parties) stream.consumed(held);
}

/** Returns how far it got, so that a test can see that it got anywhere. */
function run(seed: number): number {
  const random = seededRandom(seed);
  const ends = pair({ streamWindow: 500 + pick(random, 100_000) }, { streamWindow: 500 + pick(random, 100_000), connectionWindow: 65_535 + pick(random, 200_000), streamsMax: 1 + pick(random, 20) });
  const { client, server } = ends;
  const parties: Party[] = [];
  server.onAccept = (stream, events) => void parties.push(watch(stream, events, true));
  for (let step = 0; step < STEPS; step++) {
    if (client.connection.room > 0 && random() < 0.2) {
      const end = random() < 0.3;
      const events = client.request(end ? GET : POST, end);
      if (events.stream !== null) parties.push(Object.assign(watch(events.stream, events, false), { ended: end }));
    }
    const party = parties[pick(random, parties.length)];
    if (party !== undefined) act(party, random);
    if (random() < 0.05) client.connection.ping();
    if (random() < 0.3) carrySome(client, server, random);
    if (random() < 0.3) carrySome(server, client, random);
    if (step === STEPS - 10 && random() < 0.5) (random() < 0.5 ? client : server).connection.retire();
  }
  finish(parties, ends);
  expect([client.fault, server.fault], `seed ${seed}`).toEqual([null, null]);
  expect([client.connection.streams, server.connection.streams], `seed ${seed}`).toEqual([0, 0]);
  expect([client.connection.crowding, server.connection.crowding], `seed ${seed}`).toEqual([0, 0]);
  return parties.length;
}

test('whatever two owners do, their engines agree and end with nothing', () => {
  let streams = 0;
  for (let seed = 1; seed <= RUNS; seed++) streams += run(seed);
  expect(streams).toBeGreaterThan(10 * RUNS);
});

import { connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../test/free-ports.ts';
import { RecordingBackend } from './backend.ts';
import { startBed, type Bed } from './bed.ts';
import { openJudges, type Judges } from './judges.ts';
import type { Tally } from './outcome.ts';
import { corpusRequests, corpusResponses, mutantTrial, runTrials } from './run.ts';
import { tryRequest } from './try-request.ts';

/** The full run has 100,000 (`npm run conformance`); this is a share of it, the same at each run. */
const MUTANTS = 300;
const SEED = 20_261_122;

let judges: Judges;
let plain: Bed;
let pair: Bed;
const relays: Server[] = [];

beforeAll(async () => {
  judges = openJudges();
  [plain, pair] = await Promise.all([startBed('plain', 8, { kind: 'source' }), startBed('pair', 4, { kind: 'source' })]);
}, 60_000);

afterAll(async () => {
  for (const relay of relays) relay.close();
  judges.close();
  await Promise.all([plain.stop(), pair.stop()]);
});

/** What each judge that is here refuses may be what a missing one reads, as h11 does `%zz` and the method `X`; the full run needs all. */
function expectClean(tally: Tally, payloads: number): void {
  const faults = tally.faults.filter((fault) => judges.missing.length === 0 || fault.kind !== 'accepted-alone');
  expect(faults.map(({ kind, name, detail, payload }) => ({ kind, name, detail, payload: payload.slice(0, 300) }))).toEqual([]);
  expect(tally.payloads).toBe(payloads);
}

test('every request of the corpus, whole and in pieces, gets the answer and the fate that it should', async () => {
  const trials = corpusRequests(SEED);
  expectClean(await runTrials('requests', plain, judges.judges, trials.length, (index) => trials[index], () => undefined), trials.length);
}, 120_000);

test('every response of the corpus reaches the client as it was meant, or not at all', async () => {
  const trials = corpusResponses();
  expectClean(await runTrials('responses', plain, judges.judges, trials.length, (index) => trials[index], () => undefined), trials.length);
}, 60_000);

test('no mutant is forwarded with another meaning, on the plain listener and through a pair', async () => {
  for (const bed of [plain, pair]) expectClean(await runTrials('mutants', bed, judges.judges, MUTANTS, (index) => mutantTrial(SEED, index), () => undefined), MUTANTS);
}, 120_000);

/** A forwarder that understands nothing. */
async function startRelay(to: number): Promise<number> {
  const [port = 0] = await freePorts(1);
  const relay = createServer({ allowHalfOpen: true }, (caller) => {
    const callee = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true });
    caller.pipe(callee).pipe(caller);
    for (const socket of [caller, callee]) socket.on('error', () => undefined);
  });
  relays.push(relay);
  await new Promise<void>((done) => void relay.listen(port, '127.0.0.1', done));
  return port;
}

test.each([
  ['a length and chunks', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'forbidden-bytes'],
  ['a bare LF', 'GET / HTTP/1.1\nHost: a\n\n', 'forbidden-bytes'],
  ['a folded field', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n', 'forbidden-bytes'],
  ['a missing refusal', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 'wrong-count'],
])('a relay that forwards %s is caught', async (_, payload, kind) => {
  const backend = new RecordingBackend();
  const [target = 0] = await freePorts(1);
  await backend.listen(target);
  const port = await startRelay(target);
  const outcome = await tryRequest({ port, backend }, judges.judges, { pieces: [payload], promise: { answers: [[400]], reached: 0 }, quietMs: 100 });
  await backend.close();
  expect(outcome.faults.map((fault) => fault.kind)).toContain(kind);
});

/** Sends one request payload through a lane and judges what came out on both sides. */
import { ANSWERS_FIELD, type Segment } from './backend.ts';
import type { Lane } from './bed.ts';
import { exchange, type Exchange } from './client.ts';
import type { RequestCase } from './corpus/case.ts';
import { hopFieldsOf } from './meaning.ts';
import type { Outcome } from './outcome.ts';
import type { Judge, ReadMessage, Reading } from './reading.ts';
import { judge, type Fault } from './verdict.ts';
import { valuesOf, walkRequests, walkResponse } from './walk.ts';

/** Statuses that the proxy may refuse a request with; 404 and 405 for a CONNECT that it doesn't serve. */
const REFUSALS: readonly number[] = [400, 404, 405, 408, 414, 417, 431, 501, 505];
const PROXY_ERROR = 'l5d-proxy-error';

export interface RequestTrial {
  readonly pieces: readonly string[];
  /** What must come of it; null when only the general rules hold. */
  readonly promise: Pick<RequestCase, 'answers' | 'reached'> | null;
  readonly quietMs: number;
}

/** An answer that the client got. */
interface Answer {
  readonly message: ReadMessage;
  /** The proxy made it itself. */
  readonly own: boolean;
}

export async function tryRequest(lane: Lane, judges: readonly Judge[], { pieces, promise, quietMs }: RequestTrial): Promise<Outcome> {
  const payload = pieces.join('');
  const strict = walkRequests(payload);
  const clear = strict.tail === 'none' && strict.messages.length > 0;
  lane.backend.begin();
  const enough = (received: string): boolean => clear && answersIn(received).length >= strict.messages.length;
  const got = await exchange({ port: lane.port, pieces, enough, quietMs });
  const segments = lane.backend.segments();
  const reached = lane.backend.requests;
  const answers = answersIn(got.received);
  const judgement = await judgeForwarded(payload, segments, judges);
  const faults = [...judgement.faults, ...exchangeFaults(got, answers, segments), ...promiseFaults(promise, answers, reached), ...(await canaryFaults(lane))];
  const last = answers.at(-1);
  return { faults, stricter: judgement.stricter, end: last === undefined ? 'silent' : last.own ? 'refused' : 'forwarded' };
}

/** Final answers, in order. The method that an answer of the app belongs to stands in it; HEAD has no content. */
function answersIn(received: string): Answer[] {
  const answers: Answer[] = [];
  let rest = received;
  while (rest.length > 0) {
    const method = new RegExp(`^HTTP/1\\.1 [2-5](?:[^\\n]*\\n)*?${ANSWERS_FIELD}: (\\S+)`).exec(rest.slice(0, rest.indexOf('\r\n\r\n') + 2))?.[1] ?? 'GET';
    const read = walkResponse(rest, method === 'CONNECT' ? 'GET' : method, true);
    const message = read.messages.at(-1);
    if (message === undefined || message.status < 200) break;
    answers.push({ message, own: valuesOf(message.fields, PROXY_ERROR).length > 0 });
    if (read.end === 0 || read.tail === 'incomplete' || read.tail === 'error') break;
    rest = rest.slice(read.end);
  }
  return answers;
}

/** All that reached the app, as one sequence; each connection is read for itself. */
async function judgeForwarded(payload: string, segments: readonly Segment[], judges: readonly Judge[]): Promise<{ faults: Fault[]; stricter: readonly string[] }> {
  const walked = joined(segments.map(({ bytes }) => walkRequests(bytes)));
  const opinions = await Promise.all(
    judges.map(async ({ name, requests }) => {
      const [sent, ...forwarded] = await Promise.all([requests(payload), ...segments.map(({ bytes }) => requests(bytes))]);
      return { judge: name, sent: sent as Reading, forwarded: joined(forwarded) };
    }),
  );
  const judgement = judge(walked, opinions, hopFieldsOf(payload));
  return { faults: [...judgement.faults], stricter: judgement.stricter };
}

function joined(readings: readonly Reading[]): Reading {
  const wrong = readings.find(({ tail }) => tail === 'error') ?? readings.find(({ tail }) => tail !== 'none');
  return { messages: readings.flatMap(({ messages }) => messages), tail: wrong?.tail ?? 'none', error: wrong?.error ?? '' };
}

function exchangeFaults(got: Exchange, answers: readonly Answer[], segments: readonly Segment[]): Fault[] {
  const faults: Fault[] = [];
  if (got.hung) faults.push({ kind: 'hung', detail: 'the proxy kept the connection after the client had ended its side' });
  for (const { connection, insideOther } of segments) {
    if (insideOther) faults.push({ kind: 'another-meaning', detail: `connection ${connection} to the app was used again in the middle of a message` });
  }
  const numbers = answers.filter(({ own }) => !own).map(({ message }) => Number(valuesOf(message.fields, ANSWERS_FIELD)[0]?.split(' ')[1]));
  if (numbers.some((number, at) => number !== at + 1)) faults.push({ kind: 'wrong-order', detail: `answers came as ${numbers.join(', ')}` });
  for (const { own, message } of answers) {
    if (own && !REFUSALS.includes(message.status)) faults.push({ kind: 'wrong-status', detail: `the proxy answered ${message.status} (${valuesOf(message.fields, PROXY_ERROR).join()})` });
  }
  if (answers.slice(0, -1).some(({ own }) => own)) faults.push({ kind: 'wrong-order', detail: 'something was answered behind a refusal' });
  return faults;
}

function promiseFaults(promise: RequestTrial['promise'], answers: readonly Answer[], reached: number): Fault[] {
  if (promise === null) return [];
  const faults: Fault[] = [];
  const statuses = answers.map(({ message }) => message.status).join(' ');
  if (!promise.answers.some((list) => list.join(' ') === statuses)) {
    faults.push({ kind: 'wrong-status', detail: `the client got ${statuses || 'nothing'}, it should be ${promise.answers.map((list) => list.join(' ') || 'nothing').join(' or ')}` });
  }
  if (reached !== promise.reached) faults.push({ kind: 'wrong-count', detail: `${reached} requests reached the app, it should be ${promise.reached}` });
  return faults;
}

let canaries = 0;

/** A good request on a connection of its own must be served as if nothing had been. */
export async function canaryFaults(lane: Lane): Promise<Fault[]> {
  const target = `/canary/${++canaries}`;
  lane.backend.begin();
  const got = await exchange({ port: lane.port, pieces: [`GET ${target} HTTP/1.1\r\nHost: canary\r\n\r\n`], enough: (received) => answersIn(received).length > 0, quietMs: 2_000 });
  const walked = joined(lane.backend.segments().map(({ bytes }) => walkRequests(bytes)));
  const answers = answersIn(got.received);
  const served = answers.length === 1 && answers[0]?.message.status === 200 && !answers[0].own;
  const seen = walked.messages.filter(({ complete }) => complete).map((message) => message.target);
  if (served && seen.length === 1 && seen[0] === target) return [];
  return [{ kind: 'canary', detail: `the client got ${JSON.stringify(got.received.slice(0, 200))}, the app saw ${JSON.stringify(seen)}` }];
}

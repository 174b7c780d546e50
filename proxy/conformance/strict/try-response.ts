/** Lets the app answer with one payload and judges what the client got. */
import { ANSWERS_FIELD, plainReply, type Script } from './backend.ts';
import type { Lane } from './bed.ts';
import { exchange } from './client.ts';
import type { ResponsePromise } from './corpus/case.ts';
import { hopFieldsOf } from './meaning.ts';
import type { Outcome } from './outcome.ts';
import type { Answered, Judge, ReadMessage } from './reading.ts';
import { canaryFaults } from './try-request.ts';
import { judge, type Fault } from './verdict.ts';
import { valuesOf, walkResponse } from './walk.ts';

const PROXY_ERROR = 'l5d-proxy-error';
/** What the proxy answers for an app that doesn't speak HTTP/1.1. */
const BAD_APP = 502;
/** The request that gets a good answer. */
const SECOND = '/second';
const SEQUEL_QUIET_MS = 60;

const REQUESTS: Readonly<Record<Answered, string>> = {
  GET: 'GET /r HTTP/1.1\r\nHost: a\r\n\r\n',
  HEAD: 'HEAD /r HTTP/1.1\r\nHost: a\r\n\r\n',
  POST: 'POST /r HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
  CONNECT: 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n',
  UPGRADE: 'GET /r HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
};

export interface ResponseTrial {
  readonly payload: string;
  readonly answers: Answered;
  readonly promise: ResponsePromise | null;
  readonly quietMs: number;
}

export async function tryResponse(lane: Lane, judges: readonly Judge[], { payload, answers, promise, quietMs }: ResponseTrial): Promise<Outcome> {
  const method = answers === 'UPGRADE' ? 'GET' : answers;
  let asked = 0;
  // A request that is tried again gets the same: one connection that broke is no reason for a better answer.
  const script: Script = (request, number) => {
    if (request.target === SECOND) return plainReply(request, number);
    asked += 1;
    // What isn't whole by itself is ended by the end of the connection.
    return { bytes: payload, ends: walkResponse(payload, request.method, false).tail !== 'none' };
  };
  lane.backend.begin(script);
  const settled = (received: string): boolean => ['none', 'rest'].includes(walkResponse(received, method, false).tail);
  const got = await exchange({ port: lane.port, pieces: [REQUESTS[answers]], enough: settled, quietMs });
  const walked = walkResponse(got.received, method, true);
  const final = walked.messages.at(-1);
  const own = final !== undefined && valuesOf(final.fields, PROXY_ERROR).length > 0;
  const judgement = own ? { faults: ownFaults(final), stricter: [] } : await judgePassed(payload, got.received, answers, judges);
  const faults = [...judgement.faults];
  if (got.hung) faults.push({ kind: 'hung', detail: 'the proxy kept the connection after the client had ended its side' });
  if (walked.tail === 'rest') faults.push({ kind: 'another-meaning', detail: `more than one response came: ${JSON.stringify(got.received.slice(walked.end, walked.end + 100))}` });
  if (asked > 1 && payload.length > 0) faults.push({ kind: 'wrong-count', detail: `the request was sent ${asked} times, although an answer had begun` });
  faults.push(...promiseFaults(promise, final, own), ...(await sequelFaults(lane, script)), ...(await canaryFaults(lane)));
  return { faults, stricter: judgement.stricter, end: own ? 'refused' : final?.complete === true ? 'forwarded' : 'silent' };
}

async function judgePassed(payload: string, received: string, answers: Answered, judges: readonly Judge[]): Promise<{ faults: readonly Fault[]; stricter: readonly string[] }> {
  const walked = walkResponse(received, answers === 'UPGRADE' ? 'GET' : answers, true);
  const opinions = await Promise.all(
    judges.map(async ({ name, response }) => {
      const [sent, forwarded] = await Promise.all([response(payload, answers), response(received, answers)]);
      return { judge: name, sent, forwarded };
    }),
  );
  // Bytes of a message that the proxy cut short are no message, as long as nobody takes them for one.
  return judge(received === '' ? { ...walked, tail: 'incomplete', error: '' } : walked, received === '' ? [] : opinions, hopFieldsOf(payload));
}

function ownFaults(message: ReadMessage): Fault[] {
  return message.status === BAD_APP ? [] : [{ kind: 'wrong-status', detail: `the proxy answered ${message.status} (${valuesOf(message.fields, PROXY_ERROR).join()})` }];
}

function promiseFaults(promise: ResponsePromise | null, final: ReadMessage | undefined, own: boolean): Fault[] {
  if (promise === null) return [];
  const found = final === undefined ? 'nothing' : `${own ? "the proxy's" : "the app's"} ${final.status}, ${final.complete ? 'complete' : 'cut'}`;
  switch (promise.kind) {
    case 'passes':
      return final !== undefined && !own && final.complete && final.status === promise.status ? [] : [{ kind: 'wrong-status', detail: `the client got ${found}, it should be the app's ${promise.status}` }];
    case 'refused':
      return own ? [] : [{ kind: 'wrong-status', detail: `the client got ${found}, it should be the proxy's ${BAD_APP}` }];
    case 'cut':
      return own || final?.complete !== true ? [] : [{ kind: 'wrong-status', detail: `the client got ${found}, but its end is wrong` }];
    default:
      return promise satisfies never;
  }
}

/** Two requests on one client connection: the second must get its own answer or none, never the rest of the first. */
async function sequelFaults(lane: Lane, script: Script): Promise<Fault[]> {
  lane.backend.begin(script);
  const first = 'GET /first HTTP/1.1\r\nHost: a\r\n\r\n';
  const second = `GET ${SECOND} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const got = await exchange({ port: lane.port, pieces: [first, second], enough: (received) => received.includes(ANSWERS_FIELD), quietMs: SEQUEL_QUIET_MS });
  const one = walkResponse(got.received, 'GET', true);
  if (one.tail !== 'rest') return [];
  const two = walkResponse(got.received.slice(one.end), 'GET', true).messages.at(-1);
  if (two === undefined || !two.complete || valuesOf(two.fields, ANSWERS_FIELD).length > 0 || valuesOf(two.fields, PROXY_ERROR).length > 0) return [];
  return [{ kind: 'another-meaning', detail: `the second request got ${JSON.stringify(got.received.slice(one.end, one.end + 200))}` }];
}

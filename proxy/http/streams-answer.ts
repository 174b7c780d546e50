/** The answers that a proxy makes itself on HTTP/2 streams: shaped for gRPC where the caller speaks it. */
import { ascii } from '../protocol/bytes.ts';
import { FieldList } from '../protocol/hpack/fields.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import { FAULT_CODES, type FaultCodeName, PROXY_ERROR_HEADER } from '../wire/mesh.ts';

/** gRPC's code for the HTTP status of our answer, as linkerd2-proxy has them; UNAVAILABLE for the rest, which callers may repeat. */
const GRPC_CODES: Readonly<Record<number, number>> = { 400: 13, 403: 7, 404: 12, 408: 4, 431: 8, 499: 1, 501: 12, 504: 4 };
const GRPC_UNAVAILABLE = 14;

interface Answer {
  readonly head: FieldList;
  /** Null: the head says all. */
  readonly body: Uint8Array | null;
  readonly bytes: number;
}

const cache = new Map<string, Answer>();

/** What our answer to a gRPC call says. */
export function grpcCodeOf(code: FaultCodeName): number {
  return GRPC_CODES[FAULT_CODES[code].status] ?? GRPC_UNAVAILABLE;
}

/** Sends the whole answer for a fault. Returns how many bytes of head and body it has. */
export function sendAnswer(stream: Http2Stream, code: FaultCodeName, form: 'plain' | 'head' | 'grpc'): number {
  const { head, body, bytes } = answerOf(code, form);
  stream.sendHead(head, body === null);
  if (body !== null) stream.sendData(body, 0, body.length, true);
  return bytes;
}

function answerOf(code: FaultCodeName, form: 'plain' | 'head' | 'grpc'): Answer {
  const key = `${code} ${form}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const answer = form === 'grpc' ? grpcAnswer(code) : plainAnswer(code, form === 'head');
  cache.set(key, answer);
  return answer;
}

function plainAnswer(code: FaultCodeName, headOnly: boolean): Answer {
  const { status, message } = FAULT_CODES[code];
  const body = ascii(`sidelight: ${message} (${code})\n`);
  const head = new FieldList();
  head.addText(':status', String(status));
  head.addText(PROXY_ERROR_HEADER, code);
  head.addText('content-type', 'text/plain');
  head.addText('content-length', String(body.length));
  return headOnly ? { head, body: null, bytes: head.length } : { head, body, bytes: head.length + body.length };
}

/** Trailers only: a gRPC client reads status and message from a head that is also the end. */
function grpcAnswer(code: FaultCodeName): Answer {
  const head = new FieldList();
  head.addText(':status', '200');
  head.addText('content-type', 'application/grpc');
  head.addText('grpc-status', String(grpcCodeOf(code)));
  head.addText('grpc-message', `sidelight: ${FAULT_CODES[code].message} (${code})`);
  head.addText(PROXY_ERROR_HEADER, code);
  return { head, body: null, bytes: head.length };
}

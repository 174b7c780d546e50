/** What a proxy reads in the head of an HTTP/2 message, and what it takes out of one. */
import { IDEMPOTENT } from '../policy/retry.ts';
import { ascii, startsWith } from '../protocol/bytes.ts';
import type { FieldList } from '../protocol/hpack/fields.ts';
import { NAME } from '../protocol/hpack/names.ts';

const GRPC = ascii('application/grpc');
const L5D = ascii('l5d-');
const SIDELIGHT = ascii('sidelight-');
const HEAD = ascii('HEAD');
const CONNECT = ascii('CONNECT');
const PLUS = 0x2b;
const SEMICOLON = 0x3b;
const LETTER_L = 0x6c;
const LETTER_S = 0x73;
/** RFC: the canonical codes end at 16. */
const GRPC_STATUS_MAX = 16;
/** UNKNOWN: what a call without a status that can be read ended with. */
export const GRPC_UNKNOWN = 2;

/** Whether a message is gRPC's: `application/grpc`, alone or with `+proto` and the like. */
export function isGrpc(fields: FieldList): boolean {
  const index = fields.find(NAME['content-type']);
  if (index < 0) return false;
  const start = fields.valueStart(index);
  const end = fields.valueEnd(index);
  if (!startsWith(fields.bytes, start, end, GRPC)) return false;
  const next = fields.bytes[start + GRPC.length];
  return end === start + GRPC.length || next === PLUS || next === SEMICOLON;
}

/** How a request's head is to be forwarded. */
export type RequestKind = 'plain' | 'head' | 'connect' | 'extended-connect';

export function requestKind(fields: FieldList): RequestKind {
  const method = fields.find(NAME.method);
  if (fields.valueIs(method, HEAD)) return 'head';
  if (!fields.valueIs(method, CONNECT)) return 'plain';
  return fields.find(NAME.protocol) < 0 ? 'connect' : 'extended-connect';
}

/** Whether the request's method may be sent twice without another effect. */
export function isIdempotent(fields: FieldList): boolean {
  return IDEMPOTENT.has(fields.text(NAME.method) ?? '');
}

/** `grpc-status` of trailers or of a response without a body; null when there is none, UNKNOWN when it can't be read. */
export function grpcStatus(fields: FieldList): number | null {
  const value = fields.text(NAME['grpc-status']);
  if (value === null) return null;
  const status = /^\d{1,2}$/.test(value) ? Number(value) : GRPC_UNKNOWN;
  return status > GRPC_STATUS_MAX ? GRPC_UNKNOWN : status;
}

/** Takes out what only proxies of the mesh may say: whoever isn't one said it. */
export function stripMeshFields(fields: FieldList): void {
  const { bytes, count } = fields;
  for (let index = 0; index < count; index++) {
    const start = fields.nameStart(index);
    const first = bytes[start];
    if (first !== LETTER_L && first !== LETTER_S) continue;
    const end = fields.nameEnd(index);
    if (startsWith(bytes, start, end, first === LETTER_L ? L5D : SIDELIGHT)) fields.remove(index);
  }
}

/** Takes out what was said to this proxy alone. */
export function stripHopFields(fields: FieldList): void {
  const { bytes, count } = fields;
  for (let index = 0; index < count; index++) {
    const start = fields.nameStart(index);
    if (bytes[start] === LETTER_S && startsWith(bytes, start, fields.nameEnd(index), SIDELIGHT)) fields.remove(index);
  }
}

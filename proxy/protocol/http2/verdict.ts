/** What a head's check comes to, as a value: a peer's malformed message is an ordinary thing here. RFC 9113 §8.1.1. */
import type { FieldList } from '../hpack/fields.ts';
import { MalformedError } from './error.ts';
import { NO_LENGTH, checkRequest, checkResponse, checkTrailers, responseLength } from './message.ts';
import type { Http2Stream } from './stream.ts';

/** Instead of a length or status. */
export const MALFORMED = -2;

/** A request's content-length, NO_LENGTH or MALFORMED. `extended`: we announced extended CONNECT. */
export function requestLength(fields: FieldList, extended: boolean): number {
  try {
    return checkRequest(fields, extended);
  } catch (error) {
    return malformedOr(error);
  }
}

/** A response's status, or MALFORMED. */
export function statusOf(fields: FieldList): number {
  try {
    return checkResponse(fields);
  } catch (error) {
    return malformedOr(error);
  }
}

/** Whether these may stand behind content. */
export function areTrailers(fields: FieldList): boolean {
  try {
    checkTrailers(fields);
    return true;
  } catch (error) {
    return malformedOr(error) !== MALFORMED;
  }
}

/** What must come behind the response's head that was checked last, by the request that it answers (RFC 9110 §6.4.1). */
export function contentOf({ requestWas }: Http2Stream, status: number): number {
  switch (requestWas) {
    case 'HEAD': return 0;
    case 'CONNECT': return status < 300 ? NO_LENGTH : responseLength(status);
    case 'other': return responseLength(status);
    default: return requestWas satisfies never;
  }
}

function malformedOr(error: unknown): number {
  if (error instanceof MalformedError) return MALFORMED;
  throw error;
}

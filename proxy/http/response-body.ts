/** How a response's body goes on: as it came where both sides can read it, otherwise into chunks or out of them. */
import type { Head } from '../protocol/http1/head.ts';
import { CODING_CHUNKED, CONNECTION_CLOSE, CRLF, LAST_CHUNK, chunkSize } from '../protocol/http1/writer.ts';
import type { ByteSink } from '../protocol/sink.ts';

export type BodyForm = 'copied' | 'into-chunks' | 'out-of-chunks' | 'until-close';

const NOTHING: readonly Uint8Array[] = [];
const CLOSE = [CONNECTION_CLOSE];
const CHUNKED = [CODING_CHUNKED];
const CHUNKED_CLOSE = [CODING_CHUNKED, CONNECTION_CLOSE];

/**
 * The form for a caller of HTTP/1.`minor`. A body that only the connection's end delimits goes on in chunks, so that a
 * cut can be told from an end; HTTP/1.0 has no chunks (RFC 9112 §7), and its connection ends behind the body anyway.
 */
export function bodyForm(head: Head, minor: number): BodyForm {
  if (head.framing === 'until-close') return minor === 1 ? 'into-chunks' : 'until-close';
  if (!head.chunked || minor === 1) return 'copied';
  head.cutLine(head.codingStart, head.codingEnd);
  return 'out-of-chunks';
}

/** Field lines that the form and the connection's fate add to the head. */
export function addedFields(form: BodyForm, keep: boolean): readonly Uint8Array[] {
  if (form === 'into-chunks') return keep ? CHUNKED : CHUNKED_CLOSE;
  return keep ? NOTHING : CLOSE;
}

/** Content. */
export function writeContent(form: BodyForm, out: ByteSink, bytes: Uint8Array, start: number, end: number): void {
  if (form !== 'into-chunks') return out.write(bytes, start, end);
  const size = chunkSize(end - start);
  out.write(size, 0, size.length);
  out.write(bytes, start, end);
  out.write(CRLF, 0, 2);
}

/** Chunk sizes and trailers: useless to a caller that gets no chunks. */
export function writeFraming(form: BodyForm, out: ByteSink, bytes: Uint8Array, start: number, end: number): void {
  if (form === 'copied') out.write(bytes, start, end);
}

export function writeEnd(form: BodyForm, out: ByteSink): void {
  if (form === 'into-chunks') out.write(LAST_CHUNK, 0, LAST_CHUNK.length);
}

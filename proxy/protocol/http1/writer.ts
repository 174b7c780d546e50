/** Writes heads and chunks: a head is copied from the bytes that it came in, without what is for one hop only. */
import { ascii } from '../bytes.ts';
import type { ByteSink } from '../sink.ts';
import type { Head } from './head.ts';

export const CRLF = ascii('\r\n');
export const CONNECTION_CLOSE = ascii('connection: close\r\n');
export const CONNECTION_UPGRADE = ascii('connection: upgrade\r\n');
export const CODING_CHUNKED = ascii('transfer-encoding: chunked\r\n');
export const LAST_CHUNK = ascii('0\r\n\r\n');
export const CONTINUE_HEAD = ascii('HTTP/1.1 100 Continue\r\n\r\n');
const ONE = ascii('1');

/**
 * The head without its cuts, as HTTP/1.1, with field lines added before its empty line. A request in HTTP/1.0 without
 * Host stays one: in HTTP/1.1 it would be refused.
 */
export function writeHead(head: Head, added: readonly Uint8Array[], out: ByteSink): void {
  const { bytes, cuts } = head;
  let at = head.start;
  if (head.minor === 0 && (head.kind === 'response' || head.hostStart >= 0)) {
    out.write(bytes, at, head.minorAt);
    out.write(ONE, 0, 1);
    at = head.minorAt + 1;
  }
  for (let cut = 0; cut < cuts.length; cut += 2) {
    const from = cuts[cut] ?? at;
    if (from > at) out.write(bytes, at, from);
    at = cuts[cut + 1] ?? at;
  }
  if (added.length === 0) {
    out.write(bytes, at, head.end);
    return;
  }
  out.write(bytes, at, head.end - 2);
  for (const line of added) out.write(line, 0, line.length);
  out.write(CRLF, 0, 2);
}

/** The size line of a chunk of `length` > 0 bytes. */
export function chunkSize(length: number): Uint8Array {
  return ascii(`${length.toString(16)}\r\n`);
}

/** A whole small message: start line and fields as text, with Content-Length. For the proxy's own answers and CONNECTs. */
export function wholeMessage(startLine: string, fields: readonly (readonly [string, string])[], body: string | null): Uint8Array {
  let message = `${startLine}\r\n`;
  for (const [name, value] of fields) message += `${name}: ${value}\r\n`;
  if (body !== null) message += `content-length: ${body.length}\r\n`;
  return ascii(`${message}\r\n${body ?? ''}`);
}

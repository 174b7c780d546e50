/** RFC 9112 §6.3, step by step: how long is the body? Each refusal stands at the step that it belongs to. */
import { malformed } from '../error.ts';
import type { Framing, Head, Method } from './head.ts';

/** The framing of a request. Throws ProtocolError where it is not certain. */
export function requestFraming(head: Head): Framing {
  // §3.2: HTTP/1.1 without Host is refused.
  if (head.minor === 1 && head.hostStart < 0) throw malformed('there is no Host header');
  // §6.1: a coding in HTTP/1.0, or beside a length, is how requests are smuggled.
  if (head.chunked && head.minor === 0) throw malformed('HTTP/1.0 has no Transfer-Encoding');
  if (head.chunked && head.length >= 0) throw malformed('Transfer-Encoding and Content-Length exclude each other');
  // RFC 9110 §9.3.6: what follows a CONNECT's head is not its content.
  if (head.method === 'CONNECT') {
    if (head.chunked || head.length > 0) throw malformed('CONNECT has no content');
    return 'none';
  }
  // Step 4 and 6.
  if (head.chunked) return 'chunked';
  if (head.length > 0) return 'length';
  // Step 7.
  return 'none';
}

/** The framing of a response to a request of that method, which asked for an upgrade or not. */
export function responseFraming(head: Head, method: Method, upgrade: boolean): Framing {
  if (head.chunked && head.minor === 0) throw malformed('HTTP/1.0 has no Transfer-Encoding');
  // Step 1, and RFC 9110 §15.2.2: nobody asked for another 101.
  if (head.status === 101) {
    if (!upgrade || !head.upgrade) throw malformed('101 without a request to upgrade');
    return 'tunnel';
  }
  if (head.status < 200 || head.status === 204 || head.status === 304) return 'none';
  // Step 2.
  if (method === 'CONNECT' && head.status < 300) return 'tunnel';
  // Step 3: the standard lets the coding win; two lengths are never certain.
  if (head.chunked && head.length >= 0) throw malformed('Transfer-Encoding and Content-Length exclude each other');
  if (method === 'HEAD') return 'none';
  // Step 4, 6 and 8.
  if (head.chunked) return 'chunked';
  if (head.length > 0) return 'length';
  return head.length === 0 ? 'none' : 'until-close';
}

/**
 * RFC 9110 §7.8: an upgrade has one Upgrade field that Connection names, in HTTP/1.1; CONNECT is none. Elsewhere the
 * field is for this hop only, but in a 426 it says what the client must ask for.
 */
export function settleUpgrade(head: Head): void {
  const asked = head.minor === 1 && head.upgradeListed && head.upgradeFields === 1;
  head.upgrade = asked && (head.kind === 'response' ? head.status === 101 : head.method !== 'CONNECT');
  if (head.upgrade || (head.upgradeFields === 1 && head.status === 426)) head.keepLine(head.upgradeAt);
}

/**
 * Who may read what is the operator's: whoever has the token; without one programs on this machine, while the cloud is reached
 * under a loopback address and no proxy speaks for them. Pure.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Headers by which a proxy in front says that it speaks for someone else. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

export type MetricsVerdict = 'allow' | 'token_needed' | 'loopback_only';

/** `token` null: no METRICS_TOKEN is set. `peer`: the connection's other end, null when it isn't known. */
export function mayReadMetrics(headers: Headers, peer: string | null, token: string | null): MetricsVerdict {
  if (token !== null) return sameText(headers.get('authorization') ?? '', `Bearer ${token}`) ? 'allow' : 'token_needed';
  return isThisMachine(headers, peer) ? 'allow' : 'loopback_only';
}

/** True when the request comes from a program on this machine itself. `peer` null: not known, or not to be relied on. */
export function isThisMachine(headers: Headers, peer: string | null): boolean {
  return !FORWARDED.some((name) => headers.has(name)) && isLoopback(peer);
}

/** True for a cloud that is reached under a loopback address only: a proxy in front of any other may forward without a word. */
export function isLocalOrigin(publicUrl: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(publicUrl).hostname);
}

function isLoopback(peer: string | null): boolean {
  return peer !== null && /^(?:(?:::ffff:)?127\.\d+\.\d+\.\d+|::1)$/.test(peer);
}

/** In a time that tells nothing about how far they agree. */
function sameText(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

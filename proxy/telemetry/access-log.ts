/** A line per request of the app behind this proxy, in linkerd2-proxy's two formats. Pure. */
import type { ExchangeEnd } from '../exchange.ts';

/** What a line is made of. */
export interface AccessFacts {
  /** Address of the caller; empty: not known. */
  readonly client: string;
  /** The caller's verified identity; null: none. */
  readonly identity: string | null;
  /** ms since 1970, at which the head had come. */
  readonly startMs: number;
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly version: string;
  readonly userAgent: string;
  /** 32 hex digits, or empty. */
  readonly traceId: string;
  readonly end: ExchangeEnd;
}

/** Control characters, quotes and backslashes would end a field or a line; they are written as `\xhh`. */
function quoted(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f"\\\u007f-\u009f]/g, (letter) => `\\x${(letter.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`);
}

/** `client identity user [time] "method uri version" status bytes`, as Apache's common log has them. */
export function apacheLine({ client, identity, startMs, method, target, host, version, end }: AccessFacts): string {
  const bytes = end.bytesOut === undefined ? '-' : String(end.bytesOut);
  const time = new Date(startMs).toISOString();
  return `${client || '-'} ${identity ?? '-'} - [${time}] "${quoted(method)} ${quoted(uriOf(host, target))} ${version}" ${end.status || '-'} ${bytes}\n`;
}

/** linkerd2-proxy's names; durations in ns, as text like its own. */
export function jsonLine({ client, identity, startMs, method, target, host, version, userAgent, traceId, end }: AccessFacts): string {
  const ns = (us: number): string => String(Math.max(0, Math.round(us * 1_000)));
  const line = {
    'client.addr': client,
    'client.id': identity ?? '-',
    host,
    method,
    processing_ns: ns(end.durationUs - end.appUs),
    request_bytes: end.bytesIn === undefined ? '' : String(end.bytesIn),
    response_bytes: end.bytesOut === undefined ? '' : String(end.bytesOut),
    status: end.status,
    timestamp: new Date(startMs).toISOString(),
    total_ns: ns(end.durationUs),
    trace_id: traceId,
    uri: uriOf(host, target),
    user_agent: userAgent,
    version,
  };
  return `${JSON.stringify(line)}\n`;
}

function uriOf(host: string, target: string): string {
  return target.startsWith('/') && host !== '' ? `http://${host}${target}` : target;
}

/**
 * Where webhooks may be sent: http and https to the public internet, and the exceptions that the operator lists. Pure;
 * the sender resolves a name, asks `checkAddresses`, and connects to one of those addresses and no other.
 */
import { classifyAddress } from './address.ts';

/** Exceptions, each `host:port` in the spelling of a parsed URL. Empty by default. */
export type OutboundAllow = ReadonlySet<string>;

export type OutboundCheck =
  | { readonly kind: 'ok'; readonly target: OutboundTarget }
  | { readonly kind: 'refused'; readonly message: string };

export interface OutboundTarget {
  readonly url: URL;
  /** Name or address without brackets, without a dot at its end. */
  readonly host: string;
  readonly port: number;
  /** True when the host is an address already: there is nothing to resolve. */
  readonly literal: boolean;
  /** True when the operator listed host and port: no address is refused. */
  readonly exempt: boolean;
}

/** Reads OUTBOUND_ALLOW: `host:port` entries separated by commas or blanks. `faults` names each entry that isn't one. */
export function parseOutboundAllow(text: string): { allow: OutboundAllow; faults: string[] } {
  const allow = new Set<string>();
  const faults: string[] = [];
  for (const entry of text.split(/[\s,]+/).filter((part) => part !== '')) {
    const url = /:\d{1,5}$/.test(entry) ? URL.parse(`http://${entry}/`) : null;
    if (url === null || url.pathname !== '/' || url.username !== '' || url.host === '') faults.push(`${entry} is not host:port`);
    else allow.add(`${bareHost(url)}:${String(portOf(url))}`);
  }
  return { allow, faults };
}

/** Names that never lead to the public internet; search domains and mDNS would turn them inwards. */
const INWARD_SUFFIXES = ['localhost', 'local', 'internal', 'intranet', 'lan', 'home.arpa', 'cluster.local'];

/** What can be said of a webhook's address before its name is resolved. */
export function checkUrl(text: string, allow: OutboundAllow): OutboundCheck {
  const url = URL.parse(text);
  if (url === null) return refused(`${text.slice(0, 100)} is not a URL`);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return refused(`${url.protocol} is not http or https`);
  if (url.username !== '' || url.password !== '') return refused('the address carries a user name or password; the signature already proves who sends');
  const host = bareHost(url);
  const port = portOf(url);
  const literal = host.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(host);
  const target = { url, host, port, literal, exempt: allow.has(`${host}:${String(port)}`) };
  if (target.exempt) return { kind: 'ok', target };
  if (literal) return checkAddresses(target, [host], allow);
  if (inward(host)) return refused(`${host} is a name of a private network; use a public one`);
  return { kind: 'ok', target };
}

/** Every address that a name led to must be public or listed: one private address among them refuses all. */
export function checkAddresses(target: OutboundTarget, addresses: readonly string[], allow: OutboundAllow): OutboundCheck {
  if (addresses.length === 0) return refused(`${target.host} has no address`);
  for (const address of addresses) {
    const kind = classifyAddress(address);
    if (kind === 'public' || target.exempt || allow.has(`${address}:${String(target.port)}`)) continue;
    const whose = target.literal ? `${address} is` : `${target.host} leads to ${address},`;
    return refused(`${whose} ${kind === 'unreadable' ? 'no address that we know' : `a ${kind} address`}; webhooks go to the public internet only`);
  }
  return { kind: 'ok', target };
}

function inward(host: string): boolean {
  return !host.includes('.') || INWARD_SUFFIXES.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

function refused(message: string): OutboundCheck {
  return { kind: 'refused', message };
}

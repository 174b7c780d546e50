/** Socket addresses as people write them: `127.0.0.1:80`, `[::1]:80`. */
import { isIPv4, isIPv6 } from 'node:net';
import type { SocketAddress } from '../../../proxy/wire/orders.ts';

/** The address, or what is wrong with the text. */
export function parseAddress(text: string): { readonly kind: 'address'; readonly address: SocketAddress } | { readonly kind: 'invalid'; readonly reason: string } {
  const match = /^(?:\[([^\]]*)\]|([^:\]]*)):(\d{1,5})$/.exec(text);
  if (!match) return { kind: 'invalid', reason: `"${text}" is not an address with a port` };
  const [, v6, v4, digits] = match;
  const port = Number(digits);
  if (port < 1 || port > 65_535) return { kind: 'invalid', reason: `${port} is not a port` };
  const host = v6 ?? v4 ?? '';
  const isAddress = v6 === undefined ? isIPv4(host) : isIPv6(host);
  return isAddress ? { kind: 'address', address: { host, port } } : { kind: 'invalid', reason: `"${host}" is not an IP address` };
}

export function formatAddress({ host, port }: SocketAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function isLoopback(host: string): boolean {
  return (isIPv4(host) && host.startsWith('127.')) || host === '::1';
}

/** Any address of the host: fine to listen on, impossible to dial. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

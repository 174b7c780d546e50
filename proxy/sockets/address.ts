/** Addresses as text. */
import type { SocketAddress } from '../wire/orders.ts';

/** `host:port`, IPv6 in brackets; equal addresses give equal texts. */
export function formatAddress(address: SocketAddress): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

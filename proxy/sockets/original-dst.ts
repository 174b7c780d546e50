/** Asks the kernel where a redirected connection was going, before iptables' REDIRECT sent it to this proxy. Linux only. */
import { dlopen, ptr } from 'bun:ffi';
import { formatIp } from '../wire/ip.ts';
import type { SocketAddress } from '../wire/orders.ts';

/** linux/netfilter_ipv4.h SO_ORIGINAL_DST, and netfilter_ipv6/ip6_tables.h IP6T_SO_ORIGINAL_DST. */
const ORIGINAL_DST = 80;
const SOL_IP = 0;
const SOL_IPV6 = 41;
/** sys/socket.h: struct sockaddr_in6, which is larger than sockaddr_in; the port stands at the same place in both. */
const SOCKADDR_BYTES = 28;
const PORT_AT = 2;
const IPV4_AT = 4;
const IPV6_AT = 8;

type GetSockOpt = (descriptor: number, level: number, name: number, value: unknown, length: unknown) => number;
let getsockopt: GetSockOpt | null = null;

/** One answer at a time, used only within one call. */
const address = new Uint8Array(SOCKADDR_BYTES);
const length = new Uint32Array(1);

/** The original destination of an accepted connection, or null where the kernel knows of none: nobody redirected it. */
export function originalDestination(descriptor: number): SocketAddress | null {
  getsockopt ??= load();
  // An IPv6 socket with a mapped IPv4 peer answers at the IPv4 level, and only there.
  return ask(getsockopt, descriptor, SOL_IP, IPV4_AT, 4) ?? ask(getsockopt, descriptor, SOL_IPV6, IPV6_AT, 16);
}

function ask(call: GetSockOpt, descriptor: number, level: number, at: number, bytes: 4 | 16): SocketAddress | null {
  length[0] = SOCKADDR_BYTES;
  if (call(descriptor, level, ORIGINAL_DST, ptr(address), ptr(length)) !== 0) return null;
  const port = ((address[PORT_AT] ?? 0) << 8) | (address[PORT_AT + 1] ?? 0);
  return { host: formatIp([...address.subarray(at, at + bytes)]), port };
}

function load(): GetSockOpt {
  return dlopen('libc.so.6', { getsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'ptr'], returns: 'i32' } }).symbols.getsockopt as GetSockOpt;
}

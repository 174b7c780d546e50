/** Keeps small what the kernel holds for us of one plain connection: whatever it holds, the runtime hands out in one piece. */
import { dlopen, ptr } from 'bun:ffi';
import { RECEIVE_BYTES_MAX } from './limits.ts';

/** asm-generic/socket.h. */
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const INT_BYTES = 4;

type SetSockOpt = (descriptor: number, level: number, name: number, value: unknown, length: number) => number;
let setsockopt: SetSockOpt | null = null;

const value = Int32Array.of(RECEIVE_BYTES_MAX);

/** For a connected socket, or for a listening one and all that it accepts. Where the kernel doesn't know it, all stays as it is. */
export function limitReceived(socket: object): void {
  if (process.platform !== 'linux') return;
  const { fd } = socket as { readonly fd?: number };
  if (fd === undefined || fd < 0) return;
  setsockopt ??= load();
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, ptr(value), INT_BYTES);
}

function load(): SetSockOpt {
  return dlopen('libc.so.6', { setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'i32'], returns: 'i32' } }).symbols.setsockopt as SetSockOpt;
}

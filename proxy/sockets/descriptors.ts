/** Passes open descriptors from one process to another over a Unix socket (SCM_RIGHTS, unix(7)). Linux only. */
import { dlopen, ptr } from 'bun:ffi';

/** Per message; the kernel takes 253. */
export const DESCRIPTORS_PER_MESSAGE_MAX = 64;
/** A message is text with descriptors; the kernel never splits one so short. */
export const MESSAGE_BYTES_MAX = 16 * 1024;
/** A peer that says nothing for so long is given up. */
const RECEIVE_SECONDS_MAX = 5n;

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 0o2000001;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SCM_RIGHTS = 1;
const MSG_CMSG_CLOEXEC = 0x40000000;
const MSG_NOSIGNAL = 0x4000;
/** struct sockaddr_un: a family and 108 bytes. */
const PATH_BYTES_MAX = 107;
const SOCKADDR_BYTES = 110;
/** struct cmsghdr: length, level and type. */
const CMSG_BYTES = 16;
/** struct msghdr as 8-byte words: name, its length, vectors, their count, control, its length, flags. */
const MSGHDR_WORDS = 7;

type Pointer = ReturnType<typeof ptr>;

interface Calls {
  socket(family: number, type: number, protocol: number): number;
  connect(descriptor: number, address: Pointer, length: number): number;
  setsockopt(descriptor: number, level: number, name: number, value: Pointer, length: number): number;
  sendmsg(descriptor: number, message: Pointer, flags: number): number | bigint;
  recvmsg(descriptor: number, message: Pointer, flags: number): number | bigint;
  close(descriptor: number): number;
}

let loaded: Calls | null = null;

function calls(): Calls {
  loaded ??= dlopen('libc.so.6', {
    socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
    connect: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
    setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
    sendmsg: { args: ['i32', 'ptr', 'i32'], returns: 'i64' },
    recvmsg: { args: ['i32', 'ptr', 'i32'], returns: 'i64' },
    close: { args: ['i32'], returns: 'i32' },
  }).symbols as unknown as Calls;
  return loaded;
}

/** A message of text with descriptors laid out for the kernel; the arrays must live as long as it is used. */
class Message {
  readonly control: Uint8Array;
  private readonly text: Uint8Array;
  private readonly vector: BigUint64Array;
  private readonly header = new BigUint64Array(MSGHDR_WORDS);

  constructor(text: Uint8Array, control: Uint8Array) {
    this.text = text;
    this.control = control;
    this.vector = new BigUint64Array([BigInt(ptr(text)), BigInt(text.length)]);
    this.header[2] = BigInt(ptr(this.vector));
    this.header[3] = 1n;
    if (control.length > 0) this.header[4] = BigInt(ptr(control));
    this.header[5] = BigInt(control.length);
  }

  get pointer(): Pointer {
    return ptr(this.header);
  }

  /** Bytes of control data that the kernel wrote. */
  get controlLength(): number {
    return Number(this.header[5] ?? 0n);
  }

  textOf(length: number): string {
    return new TextDecoder().decode(this.text.subarray(0, length));
  }
}

/** Sends one message; false when the peer is gone or takes nothing. Throws nothing. */
export function sendDescriptors(socket: number, text: string, descriptors: readonly number[]): boolean {
  const control = new Uint8Array(descriptors.length === 0 ? 0 : CMSG_BYTES + 4 * descriptors.length);
  const view = new DataView(control.buffer);
  if (descriptors.length > 0) {
    view.setBigUint64(0, BigInt(control.length), true);
    view.setInt32(8, SOL_SOCKET, true);
    view.setInt32(12, SCM_RIGHTS, true);
    for (const [at, descriptor] of descriptors.entries()) view.setInt32(CMSG_BYTES + 4 * at, descriptor, true);
  }
  const bytes = new TextEncoder().encode(text);
  return Number(calls().sendmsg(socket, new Message(bytes, control).pointer, MSG_NOSIGNAL)) === bytes.length;
}

/** Waits for one message. Null when the peer is gone or silent. The descriptors are the caller's to close. */
export function receiveDescriptors(socket: number): { readonly text: string; readonly descriptors: readonly number[] } | null {
  const message = new Message(new Uint8Array(MESSAGE_BYTES_MAX), new Uint8Array(CMSG_BYTES + 4 * DESCRIPTORS_PER_MESSAGE_MAX));
  const length = Number(calls().recvmsg(socket, message.pointer, MSG_CMSG_CLOEXEC));
  if (length <= 0) return null;
  const view = new DataView(message.control.buffer);
  const carries = message.controlLength >= CMSG_BYTES && view.getInt32(12, true) === SCM_RIGHTS;
  const count = carries ? (Number(view.getBigUint64(0, true)) - CMSG_BYTES) / 4 : 0;
  return { text: message.textOf(length), descriptors: Array.from({ length: count }, (_, at) => view.getInt32(CMSG_BYTES + 4 * at, true)) };
}

/** Connects to a Unix socket and gives its descriptor, or null when nobody listens there. Waiting on it ends after five seconds. */
export function connectUnix(path: string): number | null {
  const name = new TextEncoder().encode(path);
  if (name.length > PATH_BYTES_MAX) return null;
  const address = new Uint8Array(SOCKADDR_BYTES);
  address[0] = AF_UNIX;
  address.set(name, 2);
  const socket = calls().socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0);
  if (socket < 0) return null;
  const limit = new BigInt64Array([RECEIVE_SECONDS_MAX, 0n]);
  calls().setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, ptr(limit), limit.byteLength);
  if (calls().connect(socket, ptr(address), address.length) === 0) return socket;
  calls().close(socket);
  return null;
}

export function closeDescriptor(descriptor: number): void {
  calls().close(descriptor);
}

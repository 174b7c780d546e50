/** Frames as bytes: types, flags and the nine octets in front of each. RFC 9113 §4.1, §6. */
import { ascii } from '../bytes.ts';
import { DEBUG_BYTES_MAX } from './limits.ts';

export const TYPE = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

export const FLAG = {
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

export const FRAME_HEADER_BYTES = 9;

/** Writes the nine octets; returns the offset behind them. */
export function writeFrameHeader(out: Uint8Array, at: number, length: number, type: number, flags: number, id: number): number {
  out[at] = length >>> 16;
  out[at + 1] = length >>> 8;
  out[at + 2] = length;
  out[at + 3] = type;
  out[at + 4] = flags;
  return writeUint32(out, at + 5, id);
}

export function writeUint32(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
  return at + 4;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}

/** A stream id or window increment: 31 bits, the reserved one ignored. */
export function readUint31(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) & 0x7fff_ffff;
}

/** Whether a PING has these eight octets. */
export function sameOpaque(bytes: Uint8Array, start: number, opaque: Uint8Array): boolean {
  for (let at = 0; at < opaque.length; at++) {
    if (bytes[start + at] !== opaque[at]) return false;
  }
  return true;
}

/** Debug data of a GOAWAY: text for people, short. */
export function debugText(message: string): Uint8Array {
  return ascii(message.slice(0, DEBUG_BYTES_MAX).replaceAll(/[^\x20-\x7e]/g, '?'));
}

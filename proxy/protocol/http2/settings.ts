/** SETTINGS: what the peer said, checked, and what we say. RFC 9113 §6.5, RFC 8441 §3. */
import { CODE } from './codes.ts';
import { ConnectionError } from './error.ts';
import type { ConnectionOptions } from './events.ts';
import { readUint32, writeUint32 } from './frame.ts';
import { HEADER_LIST_BYTES_MAX, STREAMS_MAX, STREAM_WINDOW_BYTES, WINDOW_BYTES_MAX } from './limits.ts';

export const SETTING = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
  enableConnectProtocol: 0x8,
} as const;

const SETTING_BYTES = 6;
/** The initial window of the standard (§6.9.2). */
export const FIRST_WINDOW = 65_535;
const FRAME_SIZE_LEAST = 16_384;
const FRAME_SIZE_MOST = 2 ** 24 - 1;

/** The peer's settings, as the standard has them before the first SETTINGS. */
export class PeerSettings {
  headerTableSize = 4_096;
  maxConcurrentStreams = Number.POSITIVE_INFINITY;
  initialWindowSize = FIRST_WINDOW;
  maxFrameSize = FRAME_SIZE_LEAST;
  extendedConnect = false;
  private readonly ofServer: boolean;

  /** `ofServer`: the peer is the server. */
  constructor(ofServer: boolean) {
    this.ofServer = ofServer;
  }

  /** Takes the payload of a SETTINGS frame; hands over what the standard doesn't know. Throws ConnectionError. */
  read(bytes: Uint8Array, start: number, end: number, unknown: (id: number, value: number) => void): void {
    if ((end - start) % SETTING_BYTES !== 0) throw new ConnectionError(CODE.frameSizeError, `a SETTINGS frame has ${end - start} octets, not a multiple of six`);
    for (let at = start; at < end; at += SETTING_BYTES) {
      const id = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
      const value = readUint32(bytes, at + 2);
      if (!this.take(id, value)) unknown(id, value);
    }
  }

  private take(id: number, value: number): boolean {
    switch (id) {
      case SETTING.headerTableSize:
        this.headerTableSize = value;
        return true;
      case SETTING.enablePush:
        if (value > (this.ofServer ? 0 : 1)) throw new ConnectionError(CODE.protocolError, `SETTINGS_ENABLE_PUSH is ${value}`);
        return true;
      case SETTING.maxConcurrentStreams:
        this.maxConcurrentStreams = value;
        return true;
      case SETTING.initialWindowSize:
        if (value > WINDOW_BYTES_MAX) throw new ConnectionError(CODE.flowControlError, `SETTINGS_INITIAL_WINDOW_SIZE is ${value}`);
        this.initialWindowSize = value;
        return true;
      case SETTING.maxFrameSize:
        if (value < FRAME_SIZE_LEAST || value > FRAME_SIZE_MOST) throw new ConnectionError(CODE.protocolError, `SETTINGS_MAX_FRAME_SIZE is ${value}`);
        this.maxFrameSize = value;
        return true;
      case SETTING.maxHeaderListSize:
        return true;
      case SETTING.enableConnectProtocol:
        if (value > 1 || (value === 0 && this.extendedConnect)) throw new ConnectionError(CODE.protocolError, `SETTINGS_ENABLE_CONNECT_PROTOCOL is ${value}`);
        this.extendedConnect = value === 1;
        return true;
      default:
        return false;
    }
  }
}

/** What we say at the start; what is the standard's default isn't said. */
export function announced(options: ConnectionOptions): (readonly [number, number])[] {
  const { role, streamsMax = STREAMS_MAX, streamWindow = STREAM_WINDOW_BYTES, extendedConnect = false, settings = [] } = options;
  return [
    role === 'server' ? [SETTING.maxConcurrentStreams, streamsMax] : [SETTING.enablePush, 0],
    ...(streamWindow === FIRST_WINDOW ? [] : [[SETTING.initialWindowSize, streamWindow] as const]),
    [SETTING.maxHeaderListSize, HEADER_LIST_BYTES_MAX],
    ...(role === 'server' && extendedConnect ? [[SETTING.enableConnectProtocol, 1] as const] : []),
    ...settings,
  ];
}

/** Bytes of the payload for so many settings. */
export function settingsBytes(count: number): number {
  return count * SETTING_BYTES;
}

/** Writes settings from `at` on; returns the offset behind. */
export function writeSettings(out: Uint8Array, at: number, settings: readonly (readonly [number, number])[]): number {
  let next = at;
  for (const [id, value] of settings) {
    out[next] = id >>> 8;
    out[next + 1] = id;
    next = writeUint32(out, next + 2, value);
  }
  return next;
}

/** Two engines, or an engine and hand-made frames, in memory. For tests. */
import { FieldList } from '../hpack/fields.ts';
import type { ConnectionFault, StreamFault } from './codes.ts';
import { Http2Connection } from './connection.ts';
import type { ConnectionEvents, ConnectionOptions, StreamEvents } from './events.ts';
import { FLAG, FRAME_HEADER_BYTES, TYPE, readUint31, readUint32, writeFrameHeader, writeUint32 } from './frame.ts';
import { PREFACE } from './reader.ts';
import type { Http2Stream } from './stream.ts';
import { concat, text } from '../bytes.ts';

/** Fields as pairs of texts. */
export type Pairs = readonly (readonly [string, string])[];

export const GET: Pairs = [[':method', 'GET'], [':scheme', 'http'], [':path', '/'], [':authority', 'shop.test']];
export const POST: Pairs = [[':method', 'POST'], [':scheme', 'http'], [':path', '/'], [':authority', 'shop.test']];
export const OK: Pairs = [[':status', '200']];

/** A list of these pairs. */
export function listOf(pairs: Pairs): FieldList {
  const list = new FieldList();
  for (const [name, value] of pairs) list.addText(name, value);
  return list;
}

/** The list's pairs, without removed fields. */
export function pairsOf(list: FieldList): [string, string][] {
  return Array.from({ length: list.count }, (_, index) => index).filter((index) => !list.removed(index)).map((index) => [list.nameText(index), list.valueText(index)]);
}

/** What a stream told its owner, in order. `autoConsume` gives credit back at once. */
export class RecordingStream implements StreamEvents {
  readonly heads: [string, string][][] = [];
  body = '';
  bytes = 0;
  trailerPairs: [string, string][] | null = null;
  ended = false;
  fault: StreamFault | null = null;
  drains = 0;
  stream: Http2Stream | null = null;
  autoConsume = true;
  keepsBody = true;

  head(fields: FieldList, end: boolean): void {
    this.heads.push(pairsOf(fields));
    this.ended ||= end;
  }

  data(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (this.keepsBody) this.body += text(bytes, start, end);
    this.bytes += end - start;
    this.ended ||= last;
    if (this.autoConsume) this.stream?.consumed(end - start);
  }

  trailers(fields: FieldList): void {
    this.trailerPairs = pairsOf(fields);
    this.ended = true;
  }

  reset(fault: StreamFault): void {
    this.fault = fault;
  }

  drained(): void {
    this.drains++;
  }
}

/** A connection whose events are written down. `onAccept` may answer. */
export class Recorder implements ConnectionEvents {
  readonly connection: Http2Connection;
  readonly accepted: RecordingStream[] = [];
  onAccept: (stream: Http2Stream, events: RecordingStream) => void = () => undefined;
  readies = 0;
  rooms = 0;
  pongs = 0;
  wakes = 0;
  dones = 0;
  goaways: [number, number][] = [];
  settings: [number, number][] = [];
  fault: ConnectionFault | null = null;

  constructor(options: ConnectionOptions) {
    this.connection = new Http2Connection(options, this);
  }

  accept(stream: Http2Stream): StreamEvents {
    const events = new RecordingStream();
    events.stream = stream;
    this.accepted.push(events);
    this.onAccept(stream, events);
    return events;
  }

  ready(): void {
    this.readies++;
  }

  setting(id: number, value: number): void {
    this.settings.push([id, value]);
  }

  room(): void {
    this.rooms++;
  }

  pong(): void {
    this.pongs++;
  }

  goingAway(lastStream: number, code: number): void {
    this.goaways.push([lastStream, code]);
  }

  wake(): void {
    this.wakes++;
  }

  done(): void {
    this.dones++;
  }

  closed(fault: ConnectionFault): void {
    this.fault = fault;
  }

  /** Client: opens a stream that records; throws when there is no room. */
  request(pairs: Pairs, end: boolean): RecordingStream {
    const events = new RecordingStream();
    events.stream = this.connection.openStream(listOf(pairs), end, events);
    if (events.stream === null) throw new Error('there is no room for a stream');
    return events;
  }

  /** All that waits to go out, at most some `most` bytes of data. */
  output(most = Number.POSITIVE_INFINITY): Uint8Array {
    const parts: Uint8Array[] = [];
    this.connection.produce({ write: (bytes, start, end) => parts.push(bytes.slice(start, end)) }, most);
    return concat(parts);
  }
}

/** Carries bytes both ways until nobody has any; `cut` says how many bytes go at once. */
export function exchange(one: Recorder, other: Recorder, cut: (length: number) => number = (length) => length): void {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const there = carry(one, other, cut);
    const back = carry(other, one, cut);
    if (!there && !back) return;
  }
  throw new Error(`two engines still talk after ${ROUNDS_MAX} rounds`);
}

const ROUNDS_MAX = 100_000;

function carry(from: Recorder, to: Recorder, cut: (length: number) => number): boolean {
  const bytes = from.output(CARRY_BYTES);
  for (let at = 0; at < bytes.length; ) {
    const upTo = Math.min(bytes.length, at + Math.max(1, cut(bytes.length - at)));
    to.connection.push(bytes, at, upTo);
    at = upTo;
  }
  return bytes.length > 0;
}

const CARRY_BYTES = 64 * 1024;

/** A client and a server that have said hello. */
export function pair(client: Partial<ConnectionOptions> = {}, server: Partial<ConnectionOptions> = {}): { client: Recorder; server: Recorder } {
  const ends = { client: new Recorder({ role: 'client', ...client }), server: new Recorder({ role: 'server', ...server }) };
  exchange(ends.client, ends.server);
  return ends;
}

/** A frame as bytes. */
export function frame(type: number, flags: number, id: number, payload: Uint8Array | readonly number[] = []): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  bytes.set(payload, writeFrameHeader(bytes, 0, payload.length, type, flags, id));
  return bytes;
}

/** Four octets. */
export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeUint32(bytes, 0, value);
  return bytes;
}

/** A header block of literals that use no table, so that it can be sent in any order. */
export function block(pairs: Pairs): Uint8Array {
  const parts: number[] = [];
  for (const [name, value] of pairs) {
    parts.push(0);
    for (const part of [name, value]) {
      if (part.length >= 127) throw new Error('the block builder takes short texts');
      parts.push(part.length, ...Array.from(part, (letter) => letter.charCodeAt(0)));
    }
  }
  return Uint8Array.from(parts);
}

/** HEADERS with END_HEADERS. */
export function headers(id: number, pairs: Pairs, end: boolean): Uint8Array {
  return frame(TYPE.headers, FLAG.endHeaders | (end ? FLAG.endStream : 0), id, block(pairs));
}

/** What a client says first, with these settings. */
export function hello(settings: readonly (readonly [number, number])[] = []): Uint8Array {
  return concat([PREFACE, settingsFrame(settings)]);
}

export function settingsFrame(settings: readonly (readonly [number, number])[]): Uint8Array {
  return frame(TYPE.settings, 0, 0, concat(settings.map(([id, value]) => Uint8Array.from([id >>> 8, id & 0xff, ...uint32(value)]))));
}

/** A frame as it was read back. */
export interface ReadFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Uint8Array;
}

/** Cuts output into its frames; throws when it isn't whole. */
export function framesOf(bytes: Uint8Array): ReadFrame[] {
  const frames: ReadFrame[] = [];
  let at = 0;
  if (text(bytes, 0, Math.min(3, bytes.length)) === 'PRI') at = PREFACE.length;
  while (at < bytes.length) {
    const length = readUint32(bytes, at) >>> 8;
    const behind = at + FRAME_HEADER_BYTES + length;
    if (behind > bytes.length) throw new Error('the output ends within a frame');
    frames.push({ type: bytes[at + 3] ?? 0, flags: bytes[at + 4] ?? 0, id: readUint31(bytes, at + 5), payload: bytes.slice(at + FRAME_HEADER_BYTES, behind) });
    at = behind;
  }
  return frames;
}

/** The error code of RST_STREAM or GOAWAY. */
export function codeOf({ type, payload }: ReadFrame): number {
  return readUint32(payload, type === TYPE.goaway ? 4 : 0);
}

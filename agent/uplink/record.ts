/**
 * The spool's file format: records one after the other, each `length crc32 metaLength meta payload` with 4-byte big-endian
 * numbers. `length` counts what follows the checksum, which covers the same bytes. Meta is JSON, the payload deflated JSON.
 */
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Marks } from '../aggregate/pending.ts';
import type { ProxyWindow } from '../../proxy/wire/report.ts';
import type { ClusterWindow } from '../wire/rollup.ts';
import type { AgentFrame } from '../wire/up.ts';

const HEADER_BYTES = 12;
/** A longer record is damage, not data. */
export const RECORD_BYTES_MAX = 64 * 1024 * 1024;

/** What every record with windows says of itself. */
export interface DataMeta {
  readonly sequence: number;
  readonly sealedAtMs: number;
  /** Segments below this one are gone, whether or not their files still are there. */
  readonly floor: number;
  /** Frames dropped unsent from the spool since the record before. */
  readonly droppedFrames: number;
  /** Per epoch what the cloud had acknowledged by then. */
  readonly acknowledged: readonly (readonly [epoch: number, sequence: number])[];
  /** Instances whose loss with their process this record tells; absent: none. */
  readonly lostOf?: readonly string[];
}

/** What a record is, readable without its payload. */
export type RecordMeta =
  | (DataMeta & { readonly kind: 'frame'; readonly epoch: number; readonly dropped: AgentFrame['dropped'] })
  /** Sealed before any cloud had adopted the spool: the windows as they came, since the cloud may know some of them. */
  | (DataMeta & { readonly kind: 'raw'; readonly lengthMs: number })
  /** All raw records before it are of this epoch. */
  | { readonly kind: 'adopted'; readonly epoch: number };

export interface FramePayload {
  readonly windows: readonly ClusterWindow[];
  readonly marks: Marks;
}

export interface RawPayload {
  readonly windows: readonly ProxyWindow[];
  readonly marks: Marks;
  readonly lost?: number;
}

export type Payload = FramePayload | RawPayload | { readonly marks: Marks };

export function encodeRecord(meta: RecordMeta, deflatedPayload: Uint8Array): Buffer {
  const metaBytes = Buffer.from(JSON.stringify(meta));
  const record = Buffer.alloc(HEADER_BYTES + metaBytes.length + deflatedPayload.length);
  record.writeUInt32BE(record.length - 8, 0);
  record.writeUInt32BE(metaBytes.length, 8);
  metaBytes.copy(record, HEADER_BYTES);
  record.set(deflatedPayload, HEADER_BYTES + metaBytes.length);
  record.writeUInt32BE(crc32(record.subarray(8)), 4);
  return record;
}

export function deflatePayload(payload: Payload): Buffer {
  return deflateRawSync(JSON.stringify(payload), { level: 4 });
}

/** One whole record. */
export interface StoredRecord {
  readonly meta: RecordMeta;
  /** Where it begins in its segment. */
  readonly offset: number;
  readonly length: number;
  readonly payload: Uint8Array;
}

export interface Scan {
  readonly records: readonly StoredRecord[];
  /** Records with a wrong checksum, a cut one at the end included. */
  readonly damaged: number;
}

/** All whole records of a segment. A record cut by a crash ends it; one with a wrong checksum is passed over. */
export function scanRecords(segment: Buffer): Scan {
  const records: StoredRecord[] = [];
  let damaged = 0;
  let offset = 0;
  while (offset < segment.length) {
    const length = segment.length - offset >= HEADER_BYTES ? segment.readUInt32BE(offset) + 8 : 0;
    if (length < HEADER_BYTES || length > RECORD_BYTES_MAX || offset + length > segment.length) return { records, damaged: damaged + 1 };
    const record = readRecord(segment.subarray(offset, offset + length), offset);
    if (record) records.push(record);
    else damaged += 1;
    offset += length;
  }
  return { records, damaged };
}

/** The record in exactly these bytes, or null when they are damaged. */
export function readRecord(bytes: Buffer, offset: number): StoredRecord | null {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32BE(0) !== bytes.length - 8) return null;
  if (bytes.readUInt32BE(4) !== crc32(bytes.subarray(8))) return null;
  const payloadAt = HEADER_BYTES + bytes.readUInt32BE(8);
  const meta: RecordMeta = JSON.parse(bytes.toString('utf8', HEADER_BYTES, payloadAt));
  return { meta, offset, length: bytes.length, payload: bytes.subarray(payloadAt) };
}

/** The payload of a record of that kind. */
export function inflatePayload<T extends Payload>(record: StoredRecord): T {
  return JSON.parse(inflateRawSync(record.payload, { maxOutputLength: 16 * RECORD_BYTES_MAX }).toString('utf8'));
}

/**
 * A message on the uplink is one binary WebSocket message: a version byte, a coding byte, then JSON in that coding.
 * Compression is ours, since not every runtime negotiates it on WebSockets.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { AgentDown } from './down.ts';
import type { AgentUp } from './up.ts';

const ENVELOPE_VERSION = 1;
const CODING_PLAIN = 0;
const CODING_DEFLATE = 1;
/** Shorter texts go uncompressed. */
const DEFLATE_BYTES_MIN = 512;
/** A message may not inflate beyond this: 20,000 edges with full histograms fit twice. */
export const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

/** A message that can't be read: the peer's fault. */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError';
}

export function encodeMessage(message: AgentUp | AgentDown): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(message));
  const deflated = text.length >= DEFLATE_BYTES_MIN;
  const payload = deflated ? deflateRawSync(text) : text;
  const bytes = new Uint8Array(2 + payload.length);
  bytes[0] = ENVELOPE_VERSION;
  bytes[1] = deflated ? CODING_DEFLATE : CODING_PLAIN;
  bytes.set(payload, 2);
  return bytes;
}

/** The JSON value in a message, not yet checked against a schema. Throws `EnvelopeError`. */
export function decodeMessage(bytes: Uint8Array): unknown {
  if (bytes[0] !== ENVELOPE_VERSION) throw new EnvelopeError(`envelope version ${String(bytes[0])} is not known`);
  const payload = bytes.subarray(2);
  try {
    switch (bytes[1]) {
      case CODING_PLAIN:
        return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
      case CODING_DEFLATE:
        return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(inflateRawSync(payload, { maxOutputLength: MESSAGE_BYTES_MAX })));
      default:
        throw new EnvelopeError(`envelope coding ${String(bytes[1])} is not known`);
    }
  } catch (cause) {
    throw cause instanceof EnvelopeError ? cause : new EnvelopeError('the message is not readable', { cause });
  }
}

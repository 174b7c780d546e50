/** Payloads are texts whose characters are the bytes of their numbers (ISO 8859-1), so that any bytes can be written down. */

export function toBytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

export function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

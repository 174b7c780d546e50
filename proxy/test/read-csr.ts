/** Reads the public key out of a PKCS#10 request (RFC 2986), by hand, and checks the request's own signature. */
import { createPublicKey, verify } from 'node:crypto';

interface Element {
  readonly tag: number;
  /** Tag and length with the value. */
  readonly whole: Buffer;
  readonly value: Buffer;
}

function elementsOf(bytes: Buffer): Element[] {
  const elements: Element[] = [];
  let at = 0;
  while (at < bytes.length) {
    const first = bytes.readUInt8(at + 1);
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes);
    const begin = at + 2 + lengthBytes;
    elements.push({ tag: bytes.readUInt8(at), whole: bytes.subarray(at, begin + length), value: bytes.subarray(begin, begin + length) });
    at = begin + length;
  }
  return elements;
}

function at(elements: readonly Element[], index: number, what: string): Element {
  const element = elements[index];
  if (element === undefined) throw new Error(`the request has no ${what}`);
  return element;
}

/** SPKI (DER) of a request. Throws when the request isn't one or isn't signed by that key. */
export function spkiOfRequest(csr: Buffer): Buffer {
  const parts = elementsOf(at(elementsOf(csr), 0, 'outer sequence').value);
  const info = at(parts, 0, 'info');
  const spki = at(elementsOf(info.value), 2, 'public key').whole;
  const signature = at(parts, 2, 'signature').value.subarray(1);
  const key = createPublicKey({ key: spki, type: 'spki', format: 'der' });
  if (!verify('sha256', info.whole, { key, dsaEncoding: 'der' }, signature)) throw new Error("the request isn't signed by its key");
  return spki;
}

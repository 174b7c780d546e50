/** Reads DER (X.690) strictly, keeping each element's own bytes: a signature is over the bytes as they came. */

/** One element. */
export interface DerElement {
  /** Identifier octet: class, constructed bit and tag. */
  readonly tag: number;
  /** The whole element. */
  readonly bytes: Uint8Array;
  readonly content: Uint8Array;
}

export const DER_TAGS = { integer: 0x02, bitString: 0x03, oid: 0x06, sequence: 0x30 } as const;

/** Bytes that aren't DER, or another element than the one expected. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

/** The only element in `bytes`. Throws `DerError`. */
export function readDer(bytes: Uint8Array, tag: number): DerElement {
  const [element, ...rest] = readAll(bytes);
  if (!element || rest.length > 0) throw new DerError(`expected one element, found ${rest.length + (element ? 1 : 0)}`);
  return expectTag(element, tag);
}

/** The elements inside a constructed one. Throws `DerError`. */
export function childrenOf(element: DerElement): DerElement[] {
  return readAll(element.content);
}

/** The element, when it is there and has the tag. Throws `DerError`. */
export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag !== tag) throw new DerError(`expected tag ${tag}, found ${element?.tag ?? 'nothing'}`);
  return element;
}

function readAll(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length; ) {
    const element = readAt(bytes, at);
    elements.push(element);
    at += element.bytes.length;
  }
  return elements;
}

function readAt(bytes: Uint8Array, at: number): DerElement {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new DerError('an element is cut off');
  if ((tag & 0x1f) === 0x1f) throw new DerError('tags above 30 are not used in certificates');
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const length = first < 0x80 ? first : readLength(bytes, at + 2, lengthBytes);
  const start = at + 2 + lengthBytes;
  if (start + length > bytes.length) throw new DerError('an element is cut off');
  return { tag, bytes: bytes.subarray(at, start + length), content: bytes.subarray(start, start + length) };
}

/** X.690 §10.1: definite and in the fewest octets. */
function readLength(bytes: Uint8Array, at: number, count: number): number {
  if (count === 0 || count > 3) throw new DerError('a length is indefinite or too long');
  let length = 0;
  for (let index = 0; index < count; index++) length = length * 256 + (bytes[at + index] ?? 0);
  if (length < 0x80 || length < 256 ** (count - 1)) throw new DerError('a length is not in its shortest form');
  return length;
}

/** Reads a PKCS#10 request (RFC 2986) for the one thing that we take from it: a P-256 key whose owner signed it. */
import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { messageOf } from '../fault.ts';
import { childrenOf, DER_TAGS, expectTag, readDer } from './der.ts';

/** A longer request is refused unread; ours are 200 bytes. */
export const CSR_BYTES_MAX = 8 * 1024;

/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758 §3.2). */
const ECDSA_SHA256 = '2a8648ce3d040302';

export type CsrResult = { readonly kind: 'key'; readonly key: KeyObject } | { readonly kind: 'refused'; readonly reason: string };

/** The public key of a request in DER. Subject, attributes and asked-for extensions are ignored. */
export function readCsr(der: Uint8Array): CsrResult {
  if (der.length > CSR_BYTES_MAX) return refused('the request is too long');
  try {
    return checkParts(childrenOf(readDer(der, DER_TAGS.sequence)));
  } catch (thrown) {
    return refused(`the request is not readable: ${messageOf(thrown)}`);
  }
}

function refused(reason: string): CsrResult {
  return { kind: 'refused', reason };
}

function checkParts(parts: ReturnType<typeof childrenOf>): CsrResult {
  const info = expectTag(parts[0], DER_TAGS.sequence);
  const algorithm = expectTag(childrenOf(expectTag(parts[1], DER_TAGS.sequence))[0], DER_TAGS.oid);
  const signature = expectTag(parts[2], DER_TAGS.bitString);
  if (Buffer.from(algorithm.content).toString('hex') !== ECDSA_SHA256) return refused('the signature is not ECDSA with SHA-256');
  const spki = expectTag(childrenOf(info)[2], DER_TAGS.sequence);
  const key = createPublicKey({ key: Buffer.from(spki.bytes), format: 'der', type: 'spki' });
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return refused('the key is not ECDSA P-256');
  if (signature.content[0] !== 0 || !verify('sha256', info.bytes, key, signature.content.subarray(1))) {
    return refused('the signature does not fit the key');
  }
  return { kind: 'key', key };
}

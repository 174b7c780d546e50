/** A new ECDSA P-256 key and the request (PKCS#10, RFC 2986) to certify it. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { bitString, context, objectIdentifier, sequence, set, smallInteger, utf8String } from './der.ts';

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';

export interface KeyRequest {
  /** PEM, PKCS#8; it never leaves this process and its state folder. */
  readonly privateKey: string;
  /** SPKI, DER: what the certificate must be for. */
  readonly publicKey: Uint8Array;
  /** PKCS#10, DER. */
  readonly csr: Uint8Array;
}

/** `commonName` helps people who look at a request; whoever certifies ignores it. */
export function createKeyRequest(commonName: string): KeyRequest {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'der' });
  const subject = sequence(set(sequence(objectIdentifier(COMMON_NAME), utf8String(commonName.slice(0, 64)))));
  const info = sequence(smallInteger(0), subject, publicKey, context(0));
  const signature = sign('sha256', info, { key: pair.privateKey, dsaEncoding: 'der' });
  return {
    privateKey: String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    publicKey,
    csr: sequence(info, sequence(objectIdentifier(ECDSA_WITH_SHA256)), bitString(signature)),
  };
}

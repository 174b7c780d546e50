/** Requests and odd certificates for tests of everyone who checks certificates. */
import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { createAuthority, NOT_BEFORE_BACK_MS } from './authority.ts';
import type { Authority, KeyedLeaf } from './authority.ts';

const { asn1 } = forge;
const { Class, Type } = asn1;
const HOUR_MS = 3_600_000;

export interface OddLeaf {
  /** Default: a new authority that nobody trusts. */
  readonly authority?: Authority;
  readonly dnsNames: readonly string[];
  readonly nowMs: number;
  /** From `nowMs`; negative for an expired one. Default: an hour. */
  readonly ttlMs?: number;
  /** From `nowMs`; positive for one that isn't valid yet. Default: five minutes back. */
  readonly beginsMs?: number;
}

/** A certificate that no issuer of ours would give: of another authority, wildcard, several names, expired, not yet valid. */
export function issueOdd(odd: OddLeaf): KeyedLeaf {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const authority = odd.authority ?? createAuthority('other.example', odd.nowMs).authority;
  const ends = odd.nowMs + (odd.ttlMs ?? HOUR_MS);
  const begins = Math.min(odd.nowMs + (odd.beginsMs ?? -NOT_BEFORE_BACK_MS), ends - 1000);
  return { ...authority.issueAs(publicKey, odd.dnsNames, begins, ends), keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

export interface TestCsr {
  readonly der: Buffer;
  readonly keyPem: string;
}

/** A PKCS#10 request with any key pair, hash and a signer that may be someone else. */
export function makeCsr(over: { curve?: string; hash?: string; signer?: KeyObject; commonName?: string } = {}): TestCsr {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: over.curve ?? 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const info = sequence(
    asn1.create(Class.UNIVERSAL, Type.INTEGER, false, '\x00'),
    subject(over.commonName ?? 'anything'),
    asn1.fromDer(spki.toString('binary')),
    asn1.create(Class.CONTEXT_SPECIFIC, 0 as forge.asn1.Type, true, []),
  );
  const hash = over.hash ?? 'sha256';
  const signature = sign(hash, Buffer.from(asn1.toDer(info).getBytes(), 'binary'), over.signer ?? privateKey);
  const algorithm = sequence(oid(hash === 'sha256' ? '1.2.840.10045.4.3.2' : '1.2.840.10045.4.3.3'));
  const bits = asn1.create(Class.UNIVERSAL, Type.BITSTRING, false, `\x00${signature.toString('binary')}`);
  const der = Buffer.from(asn1.toDer(sequence(info, algorithm, bits)).getBytes(), 'binary');
  return { der, keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function sequence(...content: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, content);
}

function oid(dotted: string): forge.asn1.Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(dotted).getBytes());
}

function subject(commonName: string): forge.asn1.Asn1 {
  const name = asn1.create(Class.UNIVERSAL, Type.UTF8, false, commonName);
  return sequence(asn1.create(Class.UNIVERSAL, Type.SET, true, [sequence(oid('2.5.4.3'), name)]));
}

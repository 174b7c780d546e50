/** Builds X.509 v3 certificates (RFC 5280) with P-256 keys. What goes in is decided by the caller alone. */
import { createHash, createPublicKey, sign, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import forge from 'node-forge';

const { asn1 } = forge;
const { Class, Type } = asn1;

const OIDS = {
  ecdsaSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** KeyUsage as a DER bit string's content: unused bits, then the bits. */
const KEY_USAGE = { digitalSignature: '\x07\x80', certSignCrlSign: '\x01\x06' } as const;

/** What a certificate says. */
export interface CertificateFacts {
  /** 16 random bytes. */
  readonly serial: Uint8Array;
  readonly publicKey: KeyObject;
  /** The issuer's common name. */
  readonly issuerName: string;
  readonly issuerKey: KeyObject;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** An authority by its name, or a leaf by its DNS names. */
  readonly holder: { readonly kind: 'authority'; readonly name: string } | { readonly kind: 'leaf'; readonly dnsNames: readonly string[] };
}

/** The certificate in PEM. */
export function buildCertificate(facts: CertificateFacts): string {
  const tbs = toBeSigned(facts);
  const signature = sign('sha256', Buffer.from(asn1.toDer(tbs).getBytes(), 'binary'), facts.issuerKey);
  const certificate = sequence(tbs, algorithm(), bitString(`\x00${signature.toString('binary')}`));
  return new X509Certificate(Buffer.from(asn1.toDer(certificate).getBytes(), 'binary')).toString();
}

/** RFC 5280 §4.1. */
function toBeSigned(facts: CertificateFacts): forge.asn1.Asn1 {
  const { holder, publicKey, issuerKey } = facts;
  const version = asn1.create(Class.CONTEXT_SPECIFIC, 0 as forge.asn1.Type, true, [integer('\x02')]);
  const validity = sequence(time(facts.notBeforeMs), time(facts.notAfterMs));
  const extensions = [
    ...(holder.kind === 'authority' ? authorityExtensions() : leafExtensions(holder.dnsNames)),
    extension(OIDS.subjectKeyId, false, octets(keyId(publicKey))),
    extension(OIDS.authorityKeyId, false, sequence(contextual(0, keyId(issuerKey)))),
  ];
  return sequence(
    version,
    integer(positive(facts.serial)),
    algorithm(),
    commonName(facts.issuerName),
    validity,
    // A leaf's only name is its SAN, which is critical then (§4.2.1.6).
    holder.kind === 'authority' ? commonName(holder.name) : sequence(),
    asn1.fromDer(spkiOf(publicKey).toString('binary')),
    asn1.create(Class.CONTEXT_SPECIFIC, 3 as forge.asn1.Type, true, [sequence(...extensions)]),
  );
}

function authorityExtensions(): forge.asn1.Asn1[] {
  const constraints = sequence(boolean(), integer('\x00'));
  return [extension(OIDS.basicConstraints, true, constraints), extension(OIDS.keyUsage, true, bitString(KEY_USAGE.certSignCrlSign))];
}

function leafExtensions(dnsNames: readonly string[]): forge.asn1.Asn1[] {
  return [
    extension(OIDS.basicConstraints, true, sequence()),
    extension(OIDS.keyUsage, true, bitString(KEY_USAGE.digitalSignature)),
    extension(OIDS.extKeyUsage, false, sequence(oid(OIDS.serverAuth), oid(OIDS.clientAuth))),
    extension(OIDS.subjectAltName, true, sequence(...dnsNames.map((name) => contextual(2, name)))),
  ];
}

function sequence(...content: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, content);
}

function primitive(type: forge.asn1.Type, content: string): forge.asn1.Asn1 {
  return asn1.create(Class.UNIVERSAL, type, false, content);
}

function contextual(tag: number, content: string): forge.asn1.Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag as forge.asn1.Type, false, content);
}

const integer = (bytes: string): forge.asn1.Asn1 => primitive(Type.INTEGER, bytes);
const octets = (bytes: string): forge.asn1.Asn1 => primitive(Type.OCTETSTRING, bytes);
const bitString = (bytes: string): forge.asn1.Asn1 => primitive(Type.BITSTRING, bytes);
const boolean = (): forge.asn1.Asn1 => primitive(Type.BOOLEAN, '\xff');
const oid = (dotted: string): forge.asn1.Asn1 => primitive(Type.OID, asn1.oidToDer(dotted).getBytes());
const algorithm = (): forge.asn1.Asn1 => sequence(oid(OIDS.ecdsaSha256));

function extension(id: string, critical: boolean, value: forge.asn1.Asn1): forge.asn1.Asn1 {
  const flag = critical ? [boolean()] : [];
  return sequence(oid(id), ...flag, octets(asn1.toDer(value).getBytes()));
}

function commonName(name: string): forge.asn1.Asn1 {
  const attribute = sequence(oid(OIDS.commonName), primitive(Type.UTF8, Buffer.from(name, 'utf8').toString('binary')));
  return sequence(asn1.create(Class.UNIVERSAL, Type.SET, true, [attribute]));
}

/** §4.1.2.5: UTCTime through 2049, GeneralizedTime after. */
function time(ms: number): forge.asn1.Asn1 {
  const date = new Date(ms);
  if (date.getUTCFullYear() < 2050) return primitive(Type.UTCTIME, asn1.dateToUtcTime(date));
  return primitive(Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));
}

/** A positive integer of at most 16 octets in its shortest form (§4.1.2.2). */
function positive(serial: Uint8Array): string {
  const bytes = Buffer.from(serial);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('binary');
}

function spkiOf(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'der' });
}

/** RFC 7093 §2 method 1: the first 160 bits of the SHA-256 of the key's bits, which end a P-256 SPKI. */
function keyId(key: KeyObject): string {
  return createHash('sha256').update(spkiOf(key).subarray(-65)).digest().subarray(0, 20).toString('binary');
}

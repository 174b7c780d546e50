/** A certificate authority for tests: P-256 leaves with any SAN and validity, made of hand-written DER (X.690) and node:crypto. */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** A certificate with its key, PEM. */
export interface TestLeaf {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface TestCa {
  /** The anchor, PEM. */
  readonly certificate: string;
  /** A leaf for these DNS names; times in ms since 1970. The key is made here. */
  issue(names: readonly string[], validity?: { readonly notBeforeMs?: number; readonly notAfterMs?: number }): TestLeaf;
  /** A leaf for a public key that somebody else holds (SPKI, DER). Returns the certificate, PEM. */
  certify(spki: Uint8Array, names: readonly string[], validity?: { readonly notBeforeMs?: number; readonly notAfterMs?: number }): string;
}

const HOUR_MS = 3_600_000;
const OID_ECDSA_SHA256 = '2a8648ce3d040302';

function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length =
    body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, 'hex'));
const integer = (bytes: Uint8Array): Buffer => tlv(0x02, bytes);

function name(common: string): Buffer {
  return sequence(tlv(0x31, sequence(oid('550403'), tlv(0x0c, Buffer.from(common)))));
}

/** GeneralizedTime (X.690 §11.7); RFC 5280 wants UTCTime before 2050, which every reader here accepts both of. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`));
}

function extension(id: string, critical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(critical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value));
}

function pem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

interface Certificate {
  readonly issuer: string;
  readonly subject: string;
  readonly spki: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly extensions: readonly Buffer[];
}

function signed(certificate: Certificate, key: KeyObject): string {
  const algorithm = sequence(oid(OID_ECDSA_SHA256));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    name(certificate.issuer),
    sequence(time(certificate.notBeforeMs), time(certificate.notAfterMs)),
    name(certificate.subject),
    certificate.spki,
    tlv(0xa3, sequence(...certificate.extensions)),
  );
  const signature = tlv(0x03, Buffer.from([0]), sign('sha256', body, key));
  return pem('CERTIFICATE', sequence(body, algorithm, signature));
}

/** A new authority; its name only tells authorities apart. */
export function createTestCa(common = 'sidelight test'): TestCa {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const nowMs = Date.now();
  const certificate = signed(
    {
      issuer: common,
      subject: common,
      spki: publicKey.export({ type: 'spki', format: 'der' }),
      notBeforeMs: nowMs - HOUR_MS,
      notAfterMs: nowMs + 24 * HOUR_MS,
      extensions: [extension('551d13', true, sequence(tlv(0x01, Buffer.from([0xff])))), extension('551d0f', true, tlv(0x03, Buffer.from([1, 0x06])))],
    },
    privateKey,
  );
  const certify: TestCa['certify'] = (spki, names, validity = {}) => {
    const alternatives = sequence(...names.map((dns) => tlv(0x82, Buffer.from(dns))));
    return signed(
      {
        issuer: common,
        subject: 'leaf',
        spki,
        notBeforeMs: validity.notBeforeMs ?? Date.now() - 5 * 60_000,
        notAfterMs: validity.notAfterMs ?? Date.now() + HOUR_MS,
        extensions: [
          extension('551d0f', true, tlv(0x03, Buffer.from([7, 0x80]))),
          extension('551d25', false, sequence(oid('2b06010505070301'), oid('2b06010505070302'))),
          ...(names.length > 0 ? [extension('551d11', false, alternatives)] : []),
        ],
      },
      privateKey,
    );
  };
  return {
    certificate,
    certify,
    issue(names, validity) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return {
        certificate: certify(pair.publicKey.export({ type: 'spki', format: 'der' }), names, validity),
        privateKey: String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })),
      };
    },
  };
}

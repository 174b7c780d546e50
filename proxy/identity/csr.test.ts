import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { spkiOfRequest } from '../test/read-csr.ts';
import { createTestCa } from '../test/test-ca.ts';
import { createKeyRequest } from './csr.ts';
import { objectIdentifier, tlv } from './der.ts';

test('RFC 2986: the request holds the public key and is signed by its private one', () => {
  const { csr, publicKey } = createKeyRequest('shop/host/web');
  expect(spkiOfRequest(Buffer.from(csr))).toEqual(Buffer.from(publicKey));
  expect(createPublicKey({ key: Buffer.from(publicKey), type: 'spki', format: 'der' }).asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
});

test('a certificate made from the request is one for the private key', () => {
  const request = createKeyRequest('shop/host/web');
  const certificate = new X509Certificate(createTestCa().certify(spkiOfRequest(Buffer.from(request.csr)), ['web.shop']));
  expect(certificate.checkPrivateKey(createPrivateKey(request.privateKey))).toBe(true);
});

test('each request has a key of its own', () => {
  expect(createKeyRequest('a').privateKey).not.toBe(createKeyRequest('a').privateKey);
});

test.each([
  [0x7f, [0x7f]],
  [0x80, [0x81, 0x80]],
  [0xff, [0x81, 0xff]],
  [0x100, [0x82, 0x01, 0x00]],
  [0x1_00_00, [0x83, 0x01, 0x00, 0x00]],
])('X.690 §8.1.3: a length of %i', (length, expected) => {
  const bytes = tlv(0x04, new Uint8Array(length));
  expect([...bytes.subarray(0, expected.length + 1)]).toEqual([0x04, ...expected]);
  expect(bytes.length).toBe(1 + expected.length + length);
});

test.each([
  ['2.5.4.3', '0603550403'],
  ['1.2.840.10045.4.3.2', '06082a8648ce3d040302'],
  ['1.2.840.113549.1.9.14', '06092a864886f70d01090e'],
])('X.690 §8.19: %s', (dotted, hex) => {
  expect(Buffer.from(objectIdentifier(dotted)).toString('hex')).toBe(hex);
});


import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { createTestCa } from '../test/test-ca.ts';
import { identityOf } from '../wire/labels.ts';
import { verifyLeaf, type LeafMaterial } from './verify.ts';

const NOW_MS = Date.now();
const HOUR_MS = 3_600_000;
const OWNER = { namespace: 'shop', trustDomain: 'cluster.local' };
const NAME = identityOf('web', 'shop', 'cluster.local');
const ca = createTestCa('first');
const other = createTestCa('second');

function material(names: readonly string[] = [NAME], changes: Partial<LeafMaterial> = {}): LeafMaterial {
  const leaf = ca.issue(names);
  return { certificateChain: leaf.certificate, privateKey: leaf.privateKey, trustBundle: ca.certificate, ...changes };
}

function reason(of: LeafMaterial, nowMs = NOW_MS): string {
  const verdict = verifyLeaf(of, OWNER, nowMs);
  return verdict.kind === 'invalid' ? verdict.reason : 'valid';
}

test('a leaf with the own key, an own name and a trusted issuer is valid', () => {
  const verdict = verifyLeaf(material(), OWNER, NOW_MS);
  expect(verdict).toMatchObject({ kind: 'valid', identity: NAME });
  expect(verdict.kind === 'valid' && Math.abs(verdict.notAfterMs - NOW_MS - HOUR_MS)).toBeLessThan(60_000);
});

test('any of several anchors will do, so that an anchor can be rotated', () => {
  expect(reason(material([NAME], { trustBundle: other.certificate + ca.certificate }))).toBe('valid');
});

test.each([
  ['no name', [], 'its name is missing'],
  ['two names', [NAME, identityOf('admin', 'shop', 'cluster.local')], 'its name is DNS:web'],
  ['a wildcard', ['*.shop.serviceaccount.identity.sidelight.cluster.local'], 'its name is DNS:*'],
  ['another trust domain', [identityOf('web', 'shop', 'example.org')], 'not one identity of trust domain cluster.local'],
  ['another namespace', [identityOf('web', 'bank', 'cluster.local')], 'its namespace is bank, not shop'],
])('a leaf with %s is refused', (_, names, expected) => {
  expect(reason(material(names))).toContain(expected);
});

test('a leaf for another key is refused', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  expect(reason(material([NAME], { privateKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) }))).toBe("the certificate isn't for this key");
});

test("another authority's leaf is refused, also under the same name", () => {
  const twin = createTestCa('first');
  expect(reason(material([NAME], { trustBundle: other.certificate }))).toContain("doesn't lead to an anchor");
  expect(reason(material([NAME], { trustBundle: twin.certificate }))).toContain("doesn't lead to an anchor");
});

test('a leaf is refused after its time, and before it with a word on the clock', () => {
  expect(reason(material(), NOW_MS + 2 * HOUR_MS)).toContain('it expired at');
  expect(reason(material(), NOW_MS - HOUR_MS)).toContain("is this machine's clock right?");
});

test.each([
  ['nothing', { certificateChain: '' }, 'the chain holds no certificate'],
  ['no anchors', { trustBundle: '' }, 'the trust bundle holds no certificate'],
  ['garbage as a chain', { certificateChain: '-----BEGIN CERTIFICATE-----\nZm9v\n-----END CERTIFICATE-----\n' }, "can't be read"],
  ['garbage as a key', { privateKey: 'foo' }, "can't be read"],
])('%s is refused with a reason, not thrown', (_, changes, expected) => {
  expect(reason(material([NAME], changes))).toContain(expected);
});

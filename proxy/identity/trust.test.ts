import { createHash, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { createTestCa } from '../test/test-ca.ts';
import { TrustReport, trustOf } from './trust.ts';

const NAME = 'web.shop.serviceaccount.identity.sidelight.cluster.local';
const before = createTestCa('same name');
const after = createTestCa('same name');
const fingerprint = (pem: string): string => createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');

test('a leaf tells the anchor that issued it, also beside one of the same name', () => {
  const trustBundle = before.certificate + after.certificate;
  for (const ca of [before, after]) {
    expect(trustOf({ certificateChain: ca.issue([NAME]).certificate, trustBundle }).anchorSha256).toBe(fingerprint(ca.certificate));
  }
  expect(trustOf({ certificateChain: after.issue([NAME]).certificate, trustBundle: before.certificate }).anchorSha256).toBeNull();
});

test('a bundle has one fingerprint, whatever its order', () => {
  const { certificate: certificateChain } = before.issue([NAME]);
  const of = (trustBundle: string): string | null => trustOf({ certificateChain, trustBundle }).bundleSha256;
  const expected = createHash('sha256').update([before, after].map((ca) => fingerprint(ca.certificate)).sort().join('\n')).digest('hex');
  expect(of(before.certificate + after.certificate)).toBe(expected);
  expect(of(`${after.certificate}\n${before.certificate}`)).toBe(expected);
  expect(of(before.certificate)).not.toBe(expected);
});

test('the report follows the leaf in force and is empty without one', () => {
  const report = new TrustReport();
  const leaf = { identity: NAME, certificateChain: before.issue([NAME]).certificate, privateKey: '', notAfterMs: 0, generation: 1, trustBundle: before.certificate };
  expect(report.of(null)).toEqual({ bundleSha256: null, anchorSha256: null });
  expect(report.of(leaf)).toEqual(trustOf(leaf));
  const wider = { ...leaf, trustBundle: before.certificate + after.certificate, generation: 2 };
  expect(report.of(wider)).toEqual(trustOf(wider));
  expect(report.of(null)).toEqual({ bundleSha256: null, anchorSha256: null });
});

import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Anchors, BUNDLE_FILE } from './anchors.ts';
import { bundleFingerprint, fingerprintOf } from './fingerprint.ts';

const NOW_MS = Math.floor(Date.now() / 1000) * 1000;
const IDENTITY = 'web.shop.serviceaccount.identity.sidelight.cluster.local';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidelight-anchors-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (): Anchors => Anchors.open(folder, 'cluster.local', NOW_MS);
const bundleOnDisk = (): string => readFileSync(join(folder, BUNDLE_FILE), 'utf8');
const issuerOf = (anchors: Anchors): X509Certificate => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const leaf = new X509Certificate(anchors.issuing.issue(publicKey, IDENTITY, NOW_MS, 60_000).certificatePem);
  const issuers = (anchors.bundle.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? []).map((pem) => new X509Certificate(pem));
  const [issuer, ...others] = issuers.filter((one) => leaf.verify(one.publicKey));
  if (issuer === undefined || others.length > 0) throw new Error('a leaf has exactly one issuer in the bundle');
  return issuer;
};

const advance = (anchors: Anchors, nowMs: number): void => {
  anchors.advance(nowMs);
  anchors.settle();
};

test('both anchors are trusted from before the first leaf of the new one until after the last of the old one', () => {
  const anchors = open();
  const old = fingerprintOf(issuerOf(anchors));
  expect([anchors.phase, anchors.anchorSha256]).toEqual(['steady', old]);
  const alone = anchors.bundle;

  advance(anchors, NOW_MS);
  expect([anchors.phase, fingerprintOf(issuerOf(anchors))]).toEqual(['distribute', old]);
  const both = anchors.bundle;
  expect(both.startsWith(alone)).toBe(true);
  expect(both.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect(bundleOnDisk()).toBe(both);

  advance(anchors, NOW_MS + 1);
  const fresh = fingerprintOf(issuerOf(anchors));
  expect([anchors.phase, anchors.bundle, anchors.sinceMs]).toEqual(['renew', both, NOW_MS + 1]);
  expect(fresh).not.toBe(old);
  expect(existsSync(join(folder, 'ca-previous/key.pem'))).toBe(false);

  advance(anchors, NOW_MS + 2);
  expect([anchors.phase, fingerprintOf(issuerOf(anchors)), fingerprintOf(anchors.bundle)]).toEqual(['steady', fresh, fresh]);
  expect(bundleOnDisk()).toBe(anchors.bundle);
});

test('a restart in any phase goes on where it was', () => {
  let anchors = open();
  for (let step = 0; step < 6; step++) {
    advance(anchors, NOW_MS + step);
    const again = Anchors.open(folder, 'cluster.local', NOW_MS + 10);
    expect([again.phase, again.bundle, again.anchorSha256, again.sinceMs]).toEqual([anchors.phase, anchors.bundle, anchors.anchorSha256, anchors.sinceMs]);
    anchors = again;
  }
});

test('a kill between the two renames of a step is finished by the next start, with the same anchors', () => {
  const anchors = open();
  advance(anchors, NOW_MS);
  const half = `${folder}-half`;
  cpSync(folder, half, { recursive: true });
  renameSync(join(half, 'ca'), join(half, 'ca-previous'));
  advance(anchors, NOW_MS);
  const recovered = Anchors.open(half, 'cluster.local', NOW_MS);
  rmSync(half, { recursive: true });
  expect([recovered.phase, recovered.anchorSha256, recovered.bundle]).toEqual(['renew', anchors.anchorSha256, anchors.bundle]);
});

test('a step whose files can’t be written is taken all the same, and the files follow', () => {
  const anchors = open();
  const before = bundleOnDisk();
  mkdirSync(join(folder, `${BUNDLE_FILE}.new`));
  anchors.advance(NOW_MS + 5);
  expect(() => anchors.settle()).toThrow(/EISDIR/);
  expect([anchors.phase, bundleOnDisk()]).toEqual(['distribute', before]);
  rmSync(join(folder, `${BUNDLE_FILE}.new`), { recursive: true });
  anchors.settle();
  expect([bundleOnDisk(), Anchors.open(folder, 'cluster.local', NOW_MS + 9).sinceMs]).toEqual([anchors.bundle, NOW_MS + 5]);
});

test('the time of another phase is not taken for that of this one', () => {
  const anchors = open();
  anchors.advance(NOW_MS + 5);
  expect(Anchors.open(folder, 'cluster.local', NOW_MS + 9).sinceMs).toBe(NOW_MS + 9);
});

test('a bundle is the same whatever its order and blanks, and another with another anchor', () => {
  const anchors = open();
  advance(anchors, NOW_MS);
  const [first = '', second = ''] = anchors.bundle.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];
  expect(bundleFingerprint(`${second}\n\n${first}`)).toBe(anchors.bundleSha256);
  expect(bundleFingerprint(first)).not.toBe(anchors.bundleSha256);
});

import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createAuthority, LEAF_TTL_MS, NOT_BEFORE_BACK_MS, openAuthority } from './authority.ts';
import { readCsr } from './csr.ts';
import { OwnLeaf } from './own-leaf.ts';
import { issueOdd, makeCsr } from './testing.ts';

const NOW_MS = Math.floor(Date.now() / 1000) * 1000;
const IDENTITY = 'web.shop.serviceaccount.identity.sidelight.cluster.local';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidelight-issuer-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const keyOf = (der: Uint8Array) => {
  const result = readCsr(der);
  if (result.kind !== 'key') throw new Error(result.reason);
  return result.key;
};

test('a leaf has the one identity that we set, whatever its request asked for', () => {
  const { authority } = createAuthority('cluster.local', NOW_MS);
  const csr = makeCsr({ commonName: 'admin.kube-system.serviceaccount.identity.sidelight.cluster.local' });
  const leaf = new X509Certificate(authority.issue(keyOf(csr.der), IDENTITY, NOW_MS, LEAF_TTL_MS).certificatePem);
  expect(leaf.subjectAltName).toBe(`DNS:${IDENTITY}`);
  expect(leaf.subject ?? '').toBe('');
  expect(leaf.ca).toBe(false);
  expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  expect(leaf.validFromDate.getTime()).toBe(NOW_MS - NOT_BEFORE_BACK_MS);
  expect(leaf.validToDate.getTime()).toBe(NOW_MS + LEAF_TTL_MS);
  expect(leaf.verify(new X509Certificate(authority.certificatePem).publicKey)).toBe(true);
  expect(leaf.checkIssued(new X509Certificate(authority.certificatePem))).toBe(true);
});

test('no leaf outlives its authority, and no two have the same serial', () => {
  const { authority } = createAuthority('cluster.local', NOW_MS);
  const leaves = [1, 2].map(() => authority.issueKeyed(IDENTITY, authority.notAfterMs - 1000, LEAF_TTL_MS));
  expect(leaves.map(({ notAfterMs }) => notAfterMs)).toEqual([authority.notAfterMs, authority.notAfterMs]);
  const serials = leaves.map(({ certificatePem }) => new X509Certificate(certificatePem).serialNumber);
  expect(new Set(serials).size).toBe(2);
});

/** A machine needs no openssl for the tests; where there is none, that is said instead of passing in silence. */
const opensslThere = spawnSync('openssl', ['version']).status === 0;
if (!opensslThere) process.stderr.write('openssl is not on this machine: its verdict on our leaves is not asked; Debian has it in the package openssl\n');

if (opensslThere) test('openssl verifies a leaf under its strictest rules', () => {
  const { authority } = createAuthority('cluster.local', NOW_MS);
  writeFileSync(join(folder, 'ca.pem'), authority.certificatePem);
  writeFileSync(join(folder, 'leaf.pem'), authority.issueKeyed(IDENTITY, NOW_MS, LEAF_TTL_MS).certificatePem);
  const purposes = ['sslserver', 'sslclient'];
  for (const purpose of purposes) {
    const { status, stdout, stderr } = spawnSync('openssl', ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', join(folder, 'ca.pem'), join(folder, 'leaf.pem')]);
    expect([purpose, status, `${stdout}${stderr}`]).toEqual([purpose, 0, `${join(folder, 'leaf.pem')}: OK\n`]);
  }
});

test.each([
  { what: 'a P-384 key', csr: () => makeCsr({ curve: 'P-384' }).der, reason: 'the key is not ECDSA P-256' },
  { what: 'another hash', csr: () => makeCsr({ hash: 'sha384' }).der, reason: 'the signature is not ECDSA with SHA-256' },
  {
    what: 'a signature by another key',
    csr: () => makeCsr({ signer: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }).der,
    reason: 'the signature does not fit the key',
  },
  { what: 'bytes after it', csr: () => Buffer.concat([makeCsr().der, Buffer.from([5, 0])]), reason: 'not readable' },
  { what: 'nothing in it', csr: () => Buffer.alloc(0), reason: 'not readable' },
  { what: 'too many bytes', csr: () => Buffer.alloc(9000, 0x30), reason: 'too long' },
])('a request with $what is refused', ({ csr, reason }) => {
  expect(readCsr(csr())).toMatchObject({ kind: 'refused', reason: expect.stringContaining(reason) });
});

test('a request that is cut anywhere, or changed in any byte of what was signed, is refused and never crashes', () => {
  const { der } = makeCsr();
  for (let cut = 0; cut < der.length; cut++) expect(readCsr(der.subarray(0, cut)).kind).toBe('refused');
  for (let at = 0; at < der.length; at++) {
    const changed = Buffer.from(der);
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    expect([at, readCsr(changed).kind]).toEqual([at, 'refused']);
  }
});

test('the authority is made once and kept, its key readable by its owner only', () => {
  const first = openAuthority(join(folder, 'ca'), 'cluster.local', NOW_MS);
  const second = openAuthority(join(folder, 'ca'), 'cluster.local', NOW_MS);
  expect(second.certificatePem).toBe(first.certificatePem);
  expect(statSync(join(folder, 'ca/key.pem')).mode & 0o777).toBe(0o600);
  const leaf = second.issueKeyed(IDENTITY, NOW_MS, LEAF_TTL_MS);
  expect(new X509Certificate(leaf.certificatePem).verify(new X509Certificate(first.certificatePem).publicKey)).toBe(true);
});

test('a broken authority is told with its remedy and never replaced', () => {
  openAuthority(join(folder, 'ca'), 'cluster.local', NOW_MS);
  const open = (trustDomain: string, nowMs: number) => () => openAuthority(join(folder, 'ca'), trustDomain, nowMs);
  expect(open('other.local', NOW_MS)).toThrowError(expect.objectContaining({ code: 'ca_other_trust_domain' }));
  expect(open('cluster.local', NOW_MS + 11 * 365 * 86_400_000)).toThrowError(expect.objectContaining({ code: 'ca_expired' }));
  const key = readFileSync(join(folder, 'ca/key.pem'));
  writeFileSync(join(folder, 'ca/key.pem'), createAuthority('cluster.local', NOW_MS).keyPem);
  expect(open('cluster.local', NOW_MS)).toThrowError(expect.objectContaining({ code: 'ca_mismatch' }));
  writeFileSync(join(folder, 'ca/key.pem'), key.subarray(0, 20));
  expect(open('cluster.local', NOW_MS)).toThrowError(expect.objectContaining({ code: 'ca_unreadable' }));
});

test('the own leaf is renewed when 70 % of its life is over, again and again', () => {
  vi.useFakeTimers({ now: NOW_MS });
  const { authority } = createAuthority('cluster.local', NOW_MS);
  const own = new OwnLeaf(() => authority, IDENTITY, 100_000, Date.now);
  const renewed: number[] = [];
  own.renewWith((leaf) => renewed.push(leaf.notAfterMs - NOW_MS));
  vi.advanceTimersByTime(69_000);
  expect(renewed).toEqual([]);
  vi.advanceTimersByTime(80_000);
  expect(renewed).toEqual([170_000, 240_000]);
  own.stop();
  vi.advanceTimersByTime(200_000);
  expect(renewed).toHaveLength(2);
  vi.useRealTimers();
});

test('odd certificates for tests are what they say', () => {
  const { authority } = createAuthority('cluster.local', NOW_MS);
  const read = (odd: Omit<Parameters<typeof issueOdd>[0], 'nowMs'>) => new X509Certificate(issueOdd({ ...odd, nowMs: NOW_MS }).certificatePem);
  expect(read({ authority, dnsNames: ['*.shop.example', 'b.example'] }).subjectAltName).toBe('DNS:*.shop.example, DNS:b.example');
  expect(read({ authority, dnsNames: [IDENTITY], ttlMs: -60_000 }).validToDate.getTime()).toBe(NOW_MS - 60_000);
  expect(read({ authority, dnsNames: [IDENTITY], beginsMs: 60_000 }).validFromDate.getTime()).toBe(NOW_MS + 60_000);
  expect(read({ dnsNames: [IDENTITY] }).verify(new X509Certificate(authority.certificatePem).publicKey)).toBe(false);
});

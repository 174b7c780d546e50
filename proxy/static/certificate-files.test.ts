import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { LeafHolder } from '../identity/leaf-holder.ts';
import { createTestCa, type TestCa } from '../test/test-ca.ts';
import { identityOf } from '../wire/labels.ts';
import { WatchedCertificate } from './certificate-files.ts';

const FILES = { chain: 'leaf.pem', key: 'key.pem', trustAnchors: 'anchors.pem' };
const WEB = identityOf('web', 'shop', 'cluster.local');

let unwind: (() => void)[] = [];
afterEach(() => {
  for (const step of unwind) step();
  unwind = [];
});

function bed() {
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-static-'));
  const holder = new LeafHolder(Date.now);
  const lines: string[] = [];
  const watched = new WatchedCertificate({
    files: FILES, folder, workload: 'shop/host/web', trustDomain: 'cluster.local', holder, nowMs: Date.now, log: (level, message, facts) => lines.push(`${level} ${message} ${JSON.stringify(facts)}`),
  });
  unwind.push(() => {
    watched.stop();
    holder.stop();
    rmSync(folder, { recursive: true });
  });
  return { folder, holder, watched, lines };
}

function put(folder: string, ca: TestCa, names: readonly string[], validity?: { notAfterMs: number }): void {
  const leaf = ca.issue(names, validity);
  for (const [file, text] of [['leaf.pem', leaf.certificate], ['key.pem', leaf.privateKey], ['anchors.pem', ca.certificate]] as const) {
    writeFileSync(join(folder, `${file}.new`), text);
    renameSync(join(folder, `${file}.new`), join(folder, file));
  }
}

test('files that are missing are all named, with the place of the setting', () => {
  const { watched, holder } = bed();
  expect(watched.load().map(({ code, pointer }) => [code, pointer])).toEqual([
    ['static_certificate_unreadable', '/certificate/chainFile'],
    ['static_certificate_unreadable', '/certificate/keyFile'],
    ['static_certificate_unreadable', '/certificate/trustAnchorsFile'],
  ]);
  expect(holder.current()).toBeNull();
  expect(watched.failures).toBe(1);
});

test.each([
  ['another namespace', [identityOf('web', 'other', 'cluster.local')]],
  ['another trust domain', [identityOf('web', 'shop', 'example.org')]],
  ['two names', [WEB, identityOf('api', 'shop', 'cluster.local')]],
  ['a wildcard', ['*.shop.serviceaccount.identity.sidelight.cluster.local']],
  ['no name', []],
])('a leaf with %s is refused', (_, names) => {
  const { folder, watched, holder } = bed();
  put(folder, createTestCa(), names);
  expect(watched.load()).toMatchObject([{ code: 'static_certificate_invalid' }]);
  expect(holder.current()).toBeNull();
});

test('an expired leaf, one of another authority and one without its key are refused', () => {
  const { folder, watched } = bed();
  put(folder, createTestCa(), [WEB], { notAfterMs: Date.now() - 1_000 });
  expect(watched.load()).toMatchObject([{ message: expect.stringContaining('expired') }]);
  put(folder, createTestCa(), [WEB]);
  writeFileSync(join(folder, 'anchors.pem'), createTestCa().certificate);
  expect(watched.load()).toMatchObject([{ message: expect.stringContaining('anchor') }]);
  put(folder, createTestCa(), [WEB]);
  writeFileSync(join(folder, 'key.pem'), createTestCa().issue([WEB]).privateKey);
  expect(watched.load()).toMatchObject([{ message: expect.stringContaining('key') }]);
});

test('a changed leaf is in force within seconds, a broken one leaves the old, and each file may change at a time of its own', async () => {
  const { folder, watched, holder, lines } = bed();
  const ca = createTestCa();
  put(folder, ca, [WEB]);
  expect(watched.load()).toEqual([]);
  const first = holder.current();
  expect(first?.identity).toBe(WEB);
  watched.watch();
  const next = ca.issue([WEB]);
  writeFileSync(join(folder, 'leaf.pem'), next.certificate);
  await expect.poll(() => lines.length, { timeout: 10_000 }).toBeGreaterThan(0);
  expect(lines[0]).toContain('warn');
  expect(holder.current()?.certificateChain).toBe(first?.certificateChain);
  writeFileSync(join(folder, 'key.pem'), next.privateKey);
  await expect.poll(() => holder.current()?.certificateChain, { timeout: 10_000 }).toBe(next.certificate);
  expect(holder.current()?.generation).toBe(2);
});

test('a reload of the same files changes nothing', () => {
  const { folder, watched, holder } = bed();
  put(folder, createTestCa(), [WEB]);
  watched.load();
  watched.reload('SIGHUP');
  expect(holder.current()?.generation).toBe(1);
  expect(watched.loads).toBe(1);
});

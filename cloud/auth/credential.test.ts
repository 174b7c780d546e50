import { expect, test } from 'vitest';
import { CREDENTIAL_MS, credentialKey, makeCredential, openCredential } from './credential.ts';

const KEY = credentialKey('a secret of at least thirty-two characters');
const CLAIMS = { orgId: 'org_1', clusterId: 'clu_1', tokenId: 'tok_1' };
const NOW = 1_800_000_000_000;
const text = makeCredential(KEY, CLAIMS, NOW + CREDENTIAL_MS);

test('a credential names its cluster and token until its hour is over', () => {
  expect(openCredential(KEY, text, NOW)).toEqual({ kind: 'claims', claims: CLAIMS });
  expect(openCredential(KEY, text, NOW + CREDENTIAL_MS - 1)).toMatchObject({ kind: 'claims' });
  expect(openCredential(KEY, text, NOW + CREDENTIAL_MS)).toEqual({ kind: 'expired' });
});

test('no changed letter is taken, nor another server’s signature', () => {
  for (let at = 4; at < text.length; at++) {
    const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    // The last letter holds two bits that no byte uses.
    if (at < text.length - 1) expect(openCredential(KEY, changed, NOW).kind).toBe('invalid');
  }
  expect(openCredential(credentialKey('another secret of thirty-two characters'), text, NOW)).toEqual({ kind: 'invalid' });
  const claims = Buffer.from(JSON.stringify(['org_1', 'clu_2', 'tok_1', NOW + 10 ** 9])).toString('base64url');
  expect(openCredential(KEY, `slc_${claims}.${text.split('.')[1]}`, NOW)).toEqual({ kind: 'invalid' });
});

test.each(['', 'slc_', 'slc_.', 'sla_x.y', 'slc_a.b', `${text} `, `${text}\n`])('%j is no credential', (given) => {
  expect(openCredential(KEY, given, NOW)).toEqual({ kind: 'invalid' });
});

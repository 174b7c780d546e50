import { expect, test } from 'vitest';
import { type PeerFacts, verifyPeer } from './peer.ts';

const WEB = 'web.shop.serviceaccount.identity.sidelight.cluster.local';
const GOOD: PeerFacts = { completed: true, authorized: true, refusal: null, hasCertificate: true, subjectAltName: `DNS:${WEB}` };

test('a verified peer has the one identity of its certificate', () => {
  expect(verifyPeer(GOOD, 'cluster.local', null)).toEqual({ kind: 'verified', identity: WEB, namespace: 'shop' });
  expect(verifyPeer(GOOD, 'cluster.local', WEB)).toEqual({ kind: 'verified', identity: WEB, namespace: 'shop' });
});

test.each<readonly [string, Partial<PeerFacts>, string]>([
  ['no finished handshake', { completed: false }, 'tls-handshake'],
  ['no certificate', { hasCertificate: false, authorized: false, refusal: 'UNABLE_TO_GET_ISSUER_CERT', subjectAltName: null }, 'tls-no-certificate'],
  ['an expired certificate', { authorized: false, refusal: 'CERT_HAS_EXPIRED' }, 'tls-expired'],
  ['a certificate of tomorrow', { authorized: false, refusal: 'CERT_NOT_YET_VALID' }, 'tls-expired'],
  ['another authority', { authorized: false, refusal: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'tls-unverified'],
  ['no authorization, whatever the code', { authorized: false }, 'tls-unverified'],
  ['another name than the runtime wanted', { authorized: false, refusal: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'tls-wrong-name'],
  ['no names', { subjectAltName: null }, 'tls-wrong-name'],
  ['a wildcard', { subjectAltName: 'DNS:*.shop.serviceaccount.identity.sidelight.cluster.local' }, 'tls-wrong-name'],
  ['two names', { subjectAltName: `DNS:${WEB}, DNS:x` }, 'tls-wrong-name'],
  ['the same name twice', { subjectAltName: `DNS:${WEB}, DNS:${WEB}` }, 'tls-wrong-name'],
  ['a URI instead of a name', { subjectAltName: `URI:${WEB}` }, 'tls-wrong-name'],
  ['a name that is quoted', { subjectAltName: `DNS:"${WEB}"` }, 'tls-wrong-name'],
  ['a name with an injected one', { subjectAltName: `DNS:x\0, DNS:${WEB}` }, 'tls-wrong-name'],
  ['another trust domain', { subjectAltName: `DNS:${WEB}.evil` }, 'tls-wrong-name'],
  ['too many labels', { subjectAltName: `DNS:a.${WEB}` }, 'tls-wrong-name'],
  ['capitals', { subjectAltName: `DNS:${WEB.toUpperCase()}` }, 'tls-wrong-name'],
])('a peer with %s is refused', (_what, facts, reason) => {
  expect(verifyPeer({ ...GOOD, ...facts }, 'cluster.local', null)).toEqual({ kind: 'refused', reason });
});

test('an endpoint must prove exactly the identity that it should have', () => {
  expect(verifyPeer(GOOD, 'cluster.local', WEB.replace('web', 'cart'))).toEqual({ kind: 'refused', reason: 'tls-wrong-name' });
});

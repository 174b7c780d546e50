/** Decides who a TLS peer is. Pure: a handshake's facts in, an identity or a counted reason out. */
import { type Identity, parseIdentity } from '../wire/labels.ts';

export interface PeerFacts {
  /** The handshake ended well, in TLS 1.3. */
  readonly completed: boolean;
  /** The chain was verified against the trust bundle, and on the client's side the name as well. */
  readonly authorized: boolean;
  /** OpenSSL's code of why not. */
  readonly refusal: string | null;
  readonly hasCertificate: boolean;
  /** As Node's X509Certificate prints it: `DNS:a, DNS:b`. */
  readonly subjectAltName: string | null;
}

export type Peer =
  | { readonly kind: 'verified'; readonly identity: Identity; readonly namespace: string }
  | { readonly kind: 'refused'; readonly reason: 'tls-no-certificate' | 'tls-unverified' | 'tls-wrong-name' | 'tls-expired' | 'tls-handshake' };

const EXPIRED = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/**
 * `expected` null: any one well-formed identity of the trust domain (the server's check); otherwise exactly that one
 * (the client's). Wildcards are no identities, whatever the runtime's own name check thinks of them.
 */
export function verifyPeer(facts: PeerFacts, trustDomain: string, expected: Identity | null): Peer {
  const refused = (reason: Extract<Peer, { kind: 'refused' }>['reason']): Peer => ({ kind: 'refused', reason });
  if (!facts.completed) return refused('tls-handshake');
  if (!facts.hasCertificate) return refused('tls-no-certificate');
  if (facts.refusal !== null && EXPIRED.has(facts.refusal)) return refused('tls-expired');
  if (facts.refusal === 'ERR_TLS_CERT_ALTNAME_INVALID') return refused('tls-wrong-name');
  if (!facts.authorized) return refused('tls-unverified');
  const match = /^DNS:([^,\s]+)$/.exec(facts.subjectAltName ?? '');
  const name = match?.[1] ?? '';
  const parts = parseIdentity(name, trustDomain);
  if (parts === null || (expected !== null && name !== expected)) return refused('tls-wrong-name');
  return { kind: 'verified', identity: name, namespace: parts.namespace };
}

/** Whether a leaf is one that this proxy may serve with: its own key, its own name, trusted, in time. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { parseIdentity, type Identity } from '../wire/labels.ts';

/** Leaf and issuers, at most so many. */
const CHAIN_MAX = 8;

export interface LeafMaterial {
  /** PEM, leaf first. */
  readonly certificateChain: string;
  /** PEM, PKCS#8. */
  readonly privateKey: string;
  /** PEM. */
  readonly trustBundle: string;
}

export interface LeafOwner {
  readonly namespace: string;
  readonly trustDomain: string;
}

export type VerifiedLeaf =
  | { readonly kind: 'valid'; readonly identity: Identity; readonly notBeforeMs: number; readonly notAfterMs: number }
  | { readonly kind: 'invalid'; readonly reason: string };

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates in a PEM text. Throws where one can't be read. */
export function certificatesOf(pem: string): X509Certificate[] {
  return (pem.match(PEM_BLOCK) ?? []).map((block) => new X509Certificate(block));
}

/** Whether a text is certificates that can be read, one at least. */
export function holdsCertificates(pem: string): boolean {
  try {
    return certificatesOf(pem).length > 0;
  } catch {
    return false;
  }
}

const invalid = (reason: string): VerifiedLeaf => ({ kind: 'invalid', reason });

/** Checks a leaf for its owner at `nowMs`. Never throws: what can't be read is invalid. */
export function verifyLeaf(material: LeafMaterial, owner: LeafOwner, nowMs: number): VerifiedLeaf {
  try {
    const chain = certificatesOf(material.certificateChain);
    const anchors = certificatesOf(material.trustBundle);
    const leaf = chain[0];
    if (leaf === undefined) return invalid('the chain holds no certificate');
    if (chain.length > CHAIN_MAX) return invalid(`the chain holds more than ${CHAIN_MAX} certificates`);
    if (anchors.length === 0) return invalid('the trust bundle holds no certificate');
    return verifyParsed(leaf, chain, anchors, material.privateKey, owner, nowMs);
  } catch (error) {
    return invalid(`the certificate or its key can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function verifyParsed(
  leaf: X509Certificate,
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  privateKey: string,
  owner: LeafOwner,
  nowMs: number,
): VerifiedLeaf {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  if (!spki.equals(leaf.publicKey.export({ type: 'spki', format: 'der' }))) return invalid("the certificate isn't for this key");
  const names = leaf.subjectAltName ?? '';
  const identity = names.startsWith('DNS:') ? names.slice('DNS:'.length) : '';
  const parsed = parseIdentity(identity, owner.trustDomain);
  if (parsed === null) return invalid(`its name is ${names || 'missing'}, not one identity of trust domain ${owner.trustDomain}`);
  if (parsed.namespace !== owner.namespace) return invalid(`its namespace is ${parsed.namespace}, not ${owner.namespace}`);
  if (anchorOf(chain, anchors) === null) return invalid("it doesn't lead to an anchor of the trust bundle");
  const notBeforeMs = Date.parse(leaf.validFrom);
  const notAfterMs = Date.parse(leaf.validTo);
  if (nowMs >= notAfterMs) return invalid(`it expired at ${new Date(notAfterMs).toISOString()}`);
  if (nowMs < notBeforeMs) return invalid(`it is valid from ${new Date(notBeforeMs).toISOString()} only; is this machine's clock right?`);
  return { kind: 'valid', identity, notBeforeMs, notAfterMs };
}

/** The anchor that a chain leads to: each certificate is issued by the next, and one of them by an anchor. Null when none is. */
export function anchorOf(chain: readonly X509Certificate[], anchors: readonly X509Certificate[]): X509Certificate | null {
  for (const [at, certificate] of chain.entries()) {
    const anchor = anchors.find((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey));
    if (anchor !== undefined) return anchor;
    const issuer = chain[at + 1];
    if (issuer === undefined || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return null;
  }
  return null;
}

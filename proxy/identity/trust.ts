/** What this proxy tells the control plane of its trust, so that an anchor is only dropped when nobody needs it any more. */
import { createHash, type X509Certificate } from 'node:crypto';
import type { Leaf } from './credentials.ts';
import { anchorOf, certificatesOf } from './verify.ts';

export interface Trust {
  /** Of the anchors in force: SHA-256 of their fingerprints, sorted and joined by line feeds. Null without a leaf. */
  readonly bundleSha256: string | null;
  /** Fingerprint of the anchor that the leaf in force leads to. */
  readonly anchorSha256: string | null;
}

const NONE: Trust = { bundleSha256: null, anchorSha256: null };

/** SHA-256 of a certificate's DER, in lower-case hex. */
function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

/** The trust of a leaf. Throws where a certificate can't be read, which a verified leaf's can. */
export function trustOf(leaf: Pick<Leaf, 'certificateChain' | 'trustBundle'>): Trust {
  const anchors = certificatesOf(leaf.trustBundle);
  const anchor = anchorOf(certificatesOf(leaf.certificateChain), anchors);
  return {
    bundleSha256: createHash('sha256').update(anchors.map(fingerprintOf).sort().join('\n')).digest('hex'),
    anchorSha256: anchor === null ? null : fingerprintOf(anchor),
  };
}

/** Works a leaf's trust out once: the status is looked at twice a second. */
export class TrustReport {
  #generation = -1;
  #trust = NONE;

  of(leaf: Leaf | null): Trust {
    if (leaf === null) return NONE;
    if (leaf.generation !== this.#generation) {
      this.#trust = trustOf(leaf);
      this.#generation = leaf.generation;
    }
    return this.#trust;
  }
}

/** Names certificates and bundles by their content, as the control link's `status` does. */
import { createHash, X509Certificate } from 'node:crypto';

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** SHA-256 of a certificate's DER, in lower-case hex. */
export function fingerprintOf(certificate: X509Certificate | string): string {
  const parsed = typeof certificate === 'string' ? new X509Certificate(certificate) : certificate;
  return parsed.fingerprint256.replaceAll(':', '').toLowerCase();
}

/** Of a bundle (PEM): SHA-256 of its certificates' fingerprints, sorted and joined by line feeds. Order and blanks don't matter. */
export function bundleFingerprint(pem: string): string {
  const fingerprints = (pem.match(PEM_BLOCK) ?? []).map(fingerprintOf);
  return createHash('sha256').update(fingerprints.sort().join('\n')).digest('hex');
}

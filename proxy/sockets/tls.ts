/** What TLS of both sides is configured with, and what a handshake proved. TLS 1.3 only, mutual, verified by us. */
import type { Socket, TLSOptions } from 'bun';
import type { Leaf } from '../identity/credentials.ts';
import type { PeerFacts } from '../policy/peer.ts';

/** SSL_OP_NO_TLSv1, _1, _2: the mesh speaks 1.3 only, and OpenSSL's flags are the runtime's only way to say so. */
const NO_TLS_BELOW_1_3 = 0x0400_0000 | 0x1000_0000 | 0x0800_0000;

/**
 * Any certificate passes the runtime's handshake, so that each refusal has its reason counted; `peerFacts` and the
 * pure check in policy/peer.ts decide before a byte of the peer is read.
 */
export function serverTls(leaf: Leaf): TLSOptions {
  return {
    cert: leaf.certificateChain,
    key: leaf.privateKey,
    ca: leaf.trustBundle,
    requestCert: true,
    rejectUnauthorized: false,
    secureOptions: NO_TLS_BELOW_1_3,
  };
}

/** As above; `serverName` is the identity that the peer must prove. */
export function clientTls(leaf: Leaf, serverName: string): TLSOptions {
  return {
    cert: leaf.certificateChain,
    key: leaf.privateKey,
    ca: leaf.trustBundle,
    serverName,
    rejectUnauthorized: false,
    secureOptions: NO_TLS_BELOW_1_3,
  };
}

/** Facts of a finished handshake. `success` is the runtime's callback argument: true for another CA's peer as well. */
export function peerFacts(socket: Socket<unknown>, success: boolean): PeerFacts {
  const certificate = socket.getPeerX509Certificate();
  const refusal: (Error & { code?: string }) | null = socket.getAuthorizationError();
  return {
    completed: (success || refusal?.code === 'ERR_TLS_CERT_ALTNAME_INVALID') && socket.getTLSVersion() === 'TLSv1.3',
    authorized: socket.authorized,
    refusal: refusal?.code ?? null,
    hasCertificate: certificate !== undefined && certificate !== null,
    subjectAltName: certificate?.subjectAltName ?? null,
  };
}

/** When a verified peer's certificate ends, ms since 1970. */
export function notAfterMs(socket: Socket<unknown>): number {
  const ends = Date.parse(socket.getPeerX509Certificate()?.validTo ?? '');
  return Number.isNaN(ends) ? Infinity : ends;
}

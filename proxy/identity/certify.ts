/** One try to get a leaf: key, request, a link of its own without client certificate, the answer and its check. */
import type { WorkloadKey } from '../wire/labels.ts';
import type { SocketAddress, ToControl } from '../wire/orders.ts';
import { CONTROL_WIRE_VERSION } from '../wire/version.ts';
import { decodeMessage } from '../control/decode.ts';
import type { Dial } from '../control/dial.ts';
import { createKeyRequest } from './csr.ts';
import { verifyLeaf, type LeafMaterial, type LeafOwner, type VerifiedLeaf } from './verify.ts';

/** From the request to the answer. */
export const CERTIFY_MS_MAX = 10_000;

export interface CertifyRequest {
  readonly dial: Dial;
  readonly address: SocketAddress;
  readonly serverIdentity: string;
  readonly trustBundle: string;
  readonly token: string;
  readonly workload: WorkloadKey;
  readonly owner: LeafOwner;
  /** The wall clock, ms since 1970. */
  readonly nowMs: () => number;
}

export type CertifyResult =
  | { readonly kind: 'certified'; readonly material: LeafMaterial; readonly leaf: Extract<VerifiedLeaf, { kind: 'valid' }> }
  /** The control plane says no, with its own code. */
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string }
  /** No usable answer. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Asks once. Never throws. */
export function certify(request: CertifyRequest): Promise<CertifyResult> {
  const key = createKeyRequest(request.workload);
  const { promise, resolve } = Promise.withResolvers<CertifyResult>();
  const link = request.dial(
    { address: request.address, serverIdentity: request.serverIdentity, trustBundle: request.trustBundle, client: null },
    {
      opened(socket) {
        socket.send(JSON.stringify(certifyMessage(request, key.csr)));
      },
      message(json) {
        finish(readAnswer(json, key.privateKey, request));
      },
      closed(reason) {
        finish({ kind: 'failed', reason });
      },
    },
  );
  const timer = setTimeout(() => finish({ kind: 'failed', reason: `no answer within ${CERTIFY_MS_MAX} ms` }), CERTIFY_MS_MAX);
  function finish(result: CertifyResult | null): void {
    if (result === null) return;
    clearTimeout(timer);
    resolve(result);
    queueMicrotask(() => link.close());
  }
  return promise;
}

function certifyMessage({ token, workload }: CertifyRequest, csr: Uint8Array): ToControl {
  return { kind: 'certify', version: CONTROL_WIRE_VERSION, token, workload, csr: Buffer.from(csr).toString('base64') };
}

/** Null for a message that is no answer to this. */
function readAnswer(json: string, privateKey: string, request: CertifyRequest): CertifyResult | null {
  const decoded = decodeMessage(json);
  if (decoded.kind === 'unknown') return null;
  if (decoded.kind === 'invalid') return { kind: 'failed', reason: `the answer isn't as agreed: ${decoded.reason}` };
  const { message } = decoded;
  if (message.kind === 'refused') return { kind: 'refused', code: message.code, reason: message.message };
  if (message.kind !== 'certified') return null;
  const material = { certificateChain: message.certificateChain, privateKey, trustBundle: message.trustBundle };
  const leaf = verifyLeaf(material, request.owner, request.nowMs());
  return leaf.kind === 'valid' ? { kind: 'certified', material, leaf } : { kind: 'failed', reason: `the new certificate is of no use: ${leaf.reason}` };
}

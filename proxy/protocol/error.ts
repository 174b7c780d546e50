/** What the peer did wrong, and what to answer. Anything else that a machine throws is a bug of ours. */

/** Codes of the refusals; they are names in the fault table of the mesh wire. */
export type ProtocolErrorCode = 'bad-request' | 'head-too-large' | 'version-unsupported' | 'framing-unsupported';

export class ProtocolError extends Error {
  /** `message`: this exchange is lost. `connection`: what follows on the connection can't be read either. */
  readonly scope: 'message' | 'connection';
  readonly code: ProtocolErrorCode;
  /** HTTP status to answer a request with; a bad response is always 502. */
  readonly status: number;

  constructor(scope: 'message' | 'connection', code: ProtocolErrorCode, status: number, message: string) {
    super(message);
    this.name = 'ProtocolError';
    this.scope = scope;
    this.code = code;
    this.status = status;
  }
}

/** A message whose meaning or length is not certain: 400, and the connection ends. */
export function malformed(message: string): ProtocolError {
  return new ProtocolError('connection', 'bad-request', 400, message);
}

/** RFC 6585 §5. */
export function tooLarge(message: string): ProtocolError {
  return new ProtocolError('connection', 'head-too-large', 431, message);
}

/** RFC 9110 §15.6.6. */
export function versionUnsupported(message: string): ProtocolError {
  return new ProtocolError('connection', 'version-unsupported', 505, message);
}

/** RFC 9112 §6.1: a transfer coding that is not implemented. */
export function framingUnsupported(message: string): ProtocolError {
  return new ProtocolError('connection', 'framing-unsupported', 501, message);
}

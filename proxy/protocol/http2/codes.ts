/** Error codes of RST_STREAM and GOAWAY, and what the engine tells its owner about an end. RFC 9113 §7. */

export const CODE = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const;

/** Why a stream ended before both sides had ended it. */
export interface StreamFault {
  /** `peer`: it sent RST_STREAM. `malformed`: the engine refused what the peer sent and reset the stream. `connection`: all is gone. */
  readonly by: 'peer' | 'malformed' | 'connection';
  /** Error code on the wire. */
  readonly code: number;
  /** The peer has certainly not acted on the request (REFUSED_STREAM, or above GOAWAY's last stream): it may be sent again, whatever its method. */
  readonly unprocessed: boolean;
  /** What was wrong, in words. */
  readonly message: string;
}

/** Why a connection ended. */
export interface ConnectionFault {
  /** `peer`: the peer broke a rule or a limit, and GOAWAY with this code is in the output. `local`: the owner closed it. */
  readonly by: 'peer' | 'local';
  readonly code: number;
  readonly message: string;
}

/** What the peer did wrong inside the engine; the connection turns it into GOAWAY or RST_STREAM. Never leaves `push`. */
import { CODE } from './codes.ts';

/** The whole connection is lost. RFC 9113 §5.4.1. */
export class ConnectionError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'ConnectionError';
    this.code = code;
  }
}

/** A limit of ours was passed. */
export function calm(message: string): ConnectionError {
  return new ConnectionError(CODE.enhanceYourCalm, message);
}

/** A message that no intermediary may pass on: its stream is lost, with PROTOCOL_ERROR. RFC 9113 §8.1.1. */
export class MalformedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MalformedError';
  }
}

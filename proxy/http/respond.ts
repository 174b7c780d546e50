/** The answers that a proxy makes itself, in one place: status, code and a sentence for people. */
import { wholeMessage } from '../protocol/http1/writer.ts';
import { FAULT_CODES, type FaultCodeName, PROXY_ERROR_HEADER } from '../wire/mesh.ts';

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found', 408: 'Request Timeout', 431: 'Request Header Fields Too Large',
  499: 'Client Closed Request', 501: 'Not Implemented', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

export interface AnswerOptions {
  /** The connection ends behind it. */
  readonly close: boolean;
  /** The request was HEAD. */
  readonly headOnly: boolean;
}

const cache = new Map<string, Uint8Array>();

/** The whole answer for a fault, bytes that are made once per code and form. */
export function answerFor(code: FaultCodeName, options: AnswerOptions): Uint8Array {
  const key = `${code} ${options.close} ${options.headOnly}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const answer = makeAnswer(code, options);
  cache.set(key, answer);
  return answer;
}

function makeAnswer(code: FaultCodeName, options: AnswerOptions): Uint8Array {
  const { status, message } = FAULT_CODES[code];
  const body = `sidelight: ${message} (${code})\n`;
  const fields: (readonly [string, string])[] = [
    [PROXY_ERROR_HEADER, code],
    ['content-type', 'text/plain'],
  ];
  if (options.close) fields.push(['connection', 'close']);
  if (options.headOnly) fields.push(['content-length', String(body.length)]);
  return wholeMessage(`HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}`, fields, options.headOnly ? null : body);
}

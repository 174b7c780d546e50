/** Requests that can be told apart wherever they turn up: a nonce in path, headers and every part of the body. Pure. */

export interface NonceRequest {
  readonly nonce: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly requestBytes: number;
  readonly answerBytes: number;
  /** Bodies go in chunks instead of with a length. */
  readonly chunked: boolean;
  /** Who ends the connection behind the answer; null: it is kept. */
  readonly closes: 'client' | 'app' | null;
  /** The body waits for `100 Continue`. */
  readonly expects: boolean;
}

/** A method that does something anew each time that it is done (RFC 9110 §9.2.2). */
export function repeatable(method: string): boolean {
  return method !== 'POST' && method !== 'PATCH';
}

/** Most bodies fit into a packet, some don't fit into a socket's buffer. */
const BODY_BYTES = [0, 100, 1_000, 10_000, 100_000] as const;
/** A body is up to half as long again as what it was drawn from. */
export const BODY_BYTES_MAX = 1.5 * Math.max(...BODY_BYTES);
const METHODS = ['POST', 'GET', 'POST', 'PUT', 'PATCH', 'POST', 'GET', 'DELETE'] as const;

const CLOSERS = [null, null, null, 'client', 'app'] as const;

/** Draws a request; `label` keeps the nonces of lanes apart. */
export function drawRequest(label: string, index: number, random: () => number): NonceRequest {
  const pick = <T>(choices: readonly [T, ...T[]]): T => choices[Math.floor(random() * choices.length)] ?? choices[0];
  const size = (): number => Math.floor(pick(BODY_BYTES) * (0.5 + random()));
  const method = pick(METHODS);
  const nonce = `${label}-${index}-${Math.floor(random() * 2 ** 32).toString(16)}`;
  const hasBody = method !== 'GET' && method !== 'DELETE';
  return { nonce, method, requestBytes: hasBody ? size() : 0, answerBytes: size(), chunked: random() < 0.4, closes: pick(CLOSERS), expects: hasBody && random() < 0.15 };
}

/** The nonce over and over, cut at `bytes`. */
export function nonceBody(nonce: string, bytes: number): Buffer {
  return Buffer.alloc(bytes, `${nonce};`, 'latin1');
}

/** Whether a body is exactly that of a nonce; a body that is too short or has another's bytes isn't. */
export function isNonceBody(body: Buffer, nonce: string, bytes: number): boolean {
  return body.length === bytes && body.equals(nonceBody(nonce, bytes));
}

/** What is decided before any handler: security headers, request ids, and whether a cookie's call may change something. */
import { trustedOrigins } from '../auth/accounts.ts';
import { bearerOf } from '../auth/tokens.ts';
import { ApiError } from '../context.ts';

/** Scripts, fonts and calls from our own origin only; styles may be inline, as charts and popovers place themselves by them. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:", "font-src 'self' data:", "connect-src 'self'",
  "worker-src 'self' blob:", "object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
].join('; ');

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/** The caller's request id when it is a harmless word, else a new one. */
export function requestIdOf(given: string | undefined, fresh: () => string): string {
  return given !== undefined && /^[\w.:-]{8,64}$/.test(given) ? given : fresh();
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * A browser sends the session cookie along from anywhere, so a changing call with it must come from our own origin.
 * Browsers name the origin on every such call; a client that names none is no browser. Throws `ApiError('forbidden')`.
 */
export function checkOrigin(request: Request, publicUrl: string): void {
  if (SAFE_METHODS.has(request.method) || bearerOf(request.headers.get('authorization')) !== null) return;
  const origin = request.headers.get('origin');
  const site = request.headers.get('sec-fetch-site');
  const foreign = origin === null ? site !== null && site !== 'same-origin' && site !== 'none' : !trustedOrigins(publicUrl).includes(origin);
  if (foreign) throw new ApiError('forbidden', `A browser sent this call from ${origin ?? 'another site'}; only ${publicUrl} may change something with a session.`);
}

/** Accounts: sign-up, sign-in and sign-out at /api/auth, as plain calls. */
import { ApiError, problemOf, unreachable } from './problem.ts';

/** Makes an account and signs it in; `confirm`: its address has to be confirmed by a mail first. Throws `ApiError`. */
export async function signUp(input: { name: string; email: string; password: string }): Promise<'signed in' | 'confirm'> {
  return hasToken(await post('/api/auth/sign-up/email', input)) ? 'signed in' : 'confirm';
}

/** The answer to a sign-up names the session's token, or null where there is none yet. */
export function hasToken(body: string): boolean {
  try {
    const value = JSON.parse(body) as { token?: unknown } | null;
    return value?.token !== null;
  } catch {
    return true;
  }
}

/** Signs in; the session is a cookie. Throws `ApiError`. */
export async function signIn(input: { email: string; password: string }): Promise<void> {
  await post('/api/auth/sign-in/email', input);
}

export async function signOut(): Promise<void> {
  await post('/api/auth/sign-out', {});
}

/** Asks for a mail with a link to a new password; answers the same for unknown addresses. Throws `ApiError`. */
export async function requestReset(input: { email: string }): Promise<void> {
  await post('/api/auth/request-password-reset', input);
}

/** Sets a new password by the token of such a mail. Throws `ApiError`. */
export async function resetPassword(input: { token: string; newPassword: string }): Promise<void> {
  await post('/api/auth/reset-password', input);
}

/** The body of the answer. */
async function post(path: string, body: unknown): Promise<string> {
  let response: Response;
  try {
    response = await fetch(path, { method: 'POST', credentials: 'same-origin', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  } catch {
    throw unreachable();
  }
  const text = await response.text();
  if (response.ok) return text;
  throw accountProblem(response.status, text, response.headers.get('x-request-id'));
}

/** Codes of the account service and what they mean for the person who typed. */
const ACCOUNT_SENTENCES: Readonly<Record<string, string>> = {
  INVALID_EMAIL_OR_PASSWORD: 'This e-mail address and password do not belong together.',
  USER_ALREADY_EXISTS: 'There is an account with this e-mail address. Sign in instead.',
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: 'There is an account with this e-mail address. Sign in instead.',
  PASSWORD_TOO_SHORT: 'The password is too short: it needs at least 8 characters.',
  PASSWORD_TOO_LONG: 'The password is too long: 128 characters at most.',
  EMAIL_NOT_VERIFIED: 'Confirm your address first: we have sent you a mail with a link.',
  INVALID_TOKEN: 'This link was used or has expired. Ask for a new one.',
  INVALID_EMAIL: 'This is not an e-mail address.',
};

/** The error of an account call: the service answers `{code, message}` with codes of its own. */
export function accountProblem(status: number, body: string, requestId: string | null): ApiError {
  const { code, message } = readFields(body);
  const sentence = (code === null ? undefined : ACCOUNT_SENTENCES[code]) ?? message;
  const general = problemOf(status, body, requestId);
  if (sentence === null || general.status === 0) return general;
  return new ApiError({ code: general.code === 'unexpected_answer' ? 'invalid_request' : general.code, status, title: general.title, detail: sentence, requestId });
}

function readFields(body: string): { code: string | null; message: string | null } {
  try {
    const value = JSON.parse(body) as { code?: unknown; message?: unknown } | null;
    return { code: typeof value?.code === 'string' ? value.code : null, message: typeof value?.message === 'string' ? value.message : null };
  } catch {
    return { code: null, message: null };
  }
}

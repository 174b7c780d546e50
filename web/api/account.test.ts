import { expect, test } from 'vitest';
import { accountProblem, hasToken } from './account.ts';

test.each([
  [401, '{"code":"INVALID_EMAIL_OR_PASSWORD","message":"Invalid email or password"}', 'unauthenticated', 'do not belong together'],
  [422, '{"code":"USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL","message":"x"}', 'invalid_request', 'Sign in instead'],
  [400, '{"code":"SOMETHING_NEW","message":"Name it otherwise."}', 'invalid_request', 'Name it otherwise.'],
  [500, '', 'internal', 'Our fault'],
  [503, '', 'unreachable', 'did not answer'],
  [429, '{"type":"/docs/errors/rate_limited","code":"rate_limited","title":"Too many requests","status":429,"detail":"Wait 10 s."}', 'rate_limited', 'Wait 10 s.'],
])('an account answer of %s %s is %s', (status, body, code, text) => {
  const error = accountProblem(status, body, 'r-1');
  expect(error.code).toBe(code);
  expect(error.message).toContain(text);
});

test.each([['{"token":null,"user":{}}', false], ['{"token":"abc","user":{}}', true], ['{}', true], ['', true]])('the sign-up’s answer %s means a session: %s', (body, session) => {
  expect(hasToken(body)).toBe(session);
});

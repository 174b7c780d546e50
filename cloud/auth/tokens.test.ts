import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { hashPassword, verifyPassword } from './password.ts';
import { bearerOf, makeToken, parseToken } from './tokens.ts';

test('a token parses to its kind and its stored hash', () => {
  for (const kind of ['api', 'agent'] as const) {
    const made = makeToken(kind, randomBytes);
    expect(parseToken(made.token)).toEqual({ kind, hash: made.hash });
    expect(made.token.startsWith(made.prefix)).toBe(true);
  }
});

test('a token with any character changed, cut or added is none', () => {
  const { token } = makeToken('api', randomBytes);
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === 'A' ? 'B' : 'A';
    expect(parseToken(token.slice(0, at) + other + token.slice(at + 1)), String(at)).toBeNull();
  }
  for (const text of ['', 'slo_', token.slice(0, -1), `${token}A`, token.replace('slo_', 'sla_'), ` ${token}`]) expect(parseToken(text)).toBeNull();
});

test.each([
  ['Bearer abc', 'abc'], ['bearer  abc ', 'abc'], ['Basic abc', null], ['Bearer', null], ['Bearer a b', null], [undefined, null],
])('the bearer of %j is %j', (header, token) => {
  expect(bearerOf(header)).toBe(token);
});

test('a password verifies by its own hash only, and every hash has its own salt', async () => {
  const [one, two] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')]);
  expect(one).not.toBe(two);
  expect(await verifyPassword({ hash: one, password: 'correct horse' })).toBe(true);
  expect(await verifyPassword({ hash: one, password: 'correct horsf' })).toBe(false);
  expect(await verifyPassword({ hash: 'md5:x:y', password: 'x' })).toBe(false);
});

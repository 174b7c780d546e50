/** Passwords by scrypt from `node:crypto`, which is several times faster than one in JavaScript. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** 16 MiB; OWASP's minimum of equal strength to N = 2^17, r = 8, p = 1 with less memory per sign-in. */
const COST = { N: 16_384, r: 8, p: 5, maxmem: 64 * 1024 * 1024 };
const SALT_BYTES = 16;
const KEY_BYTES = 64;

function derive(password: string, salt: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

/** `scrypt:<salt>:<key>`, both base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt);
  return `scrypt:${salt.toString('base64url')}:${Buffer.from(key).toString('base64url')}`;
}

export async function verifyPassword(input: { readonly hash: string; readonly password: string }): Promise<boolean> {
  const [scheme, salt, key] = input.hash.split(':');
  if (scheme !== 'scrypt' || !salt || !key) return false;
  const stored = Buffer.from(key, 'base64url');
  const derived = await derive(input.password, Buffer.from(salt, 'base64url'));
  return stored.length === derived.length && timingSafeEqual(stored, derived);
}

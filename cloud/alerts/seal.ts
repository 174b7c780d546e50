/** Channel secrets: made for Standard Webhooks, kept only sealed under the server's own secret. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { RandomBytes } from '../ids.ts';

/** Standard Webhooks wants 24 to 64 bytes. */
const SECRET_BYTES = 32;
const SECRET_PREFIX = 'whsec_';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Shorter server secrets can be guessed. */
const SERVER_SECRET_LENGTH_MIN = 16;

/** A sealed secret that the server's secret doesn't open: SIDELIGHT_SECRET was changed, or the row is another channel's. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

/** A new signing secret `whsec_<base64>`, shown to the user once. */
export function newChannelSecret(random: RandomBytes = randomBytes): string {
  return SECRET_PREFIX + Buffer.from(random(SECRET_BYTES)).toString('base64');
}

/**
 * The key that seals channel secrets: HKDF-SHA256 (RFC 5869) of SIDELIGHT_SECRET under a label of its own. Throws
 * `SealError` when the server's secret is too short.
 */
export function sealingKey(serverSecret: string): Uint8Array {
  if (serverSecret.length < SERVER_SECRET_LENGTH_MIN) {
    throw new SealError(`SIDELIGHT_SECRET has ${String(serverSecret.length)} characters; set at least ${String(SERVER_SECRET_LENGTH_MIN)} random ones`);
  }
  return new Uint8Array(hkdfSync('sha256', serverSecret, 'sidelight', 'channel secret, version 1', 32));
}

/** Which channel a sealed secret belongs to; bound into it, so that a row moved to another channel doesn't open. */
export interface SealOwner {
  readonly orgId: string;
  readonly channelId: string;
}

/** AES-256-GCM: nonce, tag, text. */
export function seal(key: Uint8Array, owner: SealOwner, secret: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(ownerBytes(owner));
  const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

/** The secret again; throws `SealError` when it isn't this key's and this channel's. */
export function unseal(key: Uint8Array, owner: SealOwner, sealed: Uint8Array): string {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(ownerBytes(owner))
      .setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new SealError("the channel's signing secret does not open with this SIDELIGHT_SECRET; set the former one, or add the channel again", { cause });
  }
}

function ownerBytes(owner: SealOwner): Buffer {
  return Buffer.from(JSON.stringify([owner.orgId, owner.channelId]), 'utf8');
}

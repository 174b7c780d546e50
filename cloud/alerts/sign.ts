/** The headers of Standard Webhooks: who reads `webhook-id` twice has the same event, and the signature covers id, time and body. */
import { createHmac } from 'node:crypto';

export interface WebhookHeaders {
  readonly 'webhook-id': string;
  /** Seconds since 1970 of this attempt. */
  readonly 'webhook-timestamp': string;
  /** `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. */
  readonly 'webhook-signature': string;
}

/** `secret` is `whsec_<base64>`; `id` has no full stop in it, which would make two readings of what is signed. */
export function webhookHeaders(secret: string, id: string, atMs: number, body: string): WebhookHeaders {
  const timestamp = String(Math.floor(atMs / 1_000));
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`, 'utf8').digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

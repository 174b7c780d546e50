/** /docs/errors/<code>: what a code means, whose fault it is, and what to do. */
import { ERROR_CODES } from '../wire/errors.ts';
import type { ErrorCode } from '../wire/errors.ts';

const REMEDIES = {
  invalid_request: 'The caller sent something that does not fit the schema. The answer lists every fault with its place; the schema is in /openapi.json.',
  unauthenticated: 'The request carries neither a session cookie nor a token. Sign in, or send Authorization: Bearer slo_….',
  token_invalid: 'The token is mistyped, revoked, or of the other kind: slo_… opens the API, sla_… the uplink. Make a new one in the console under Settings.',
  forbidden: 'You are known, but your role in this organization does not allow this, or a browser sent the call from another site. Ask an owner for a higher role.',
  not_found: 'The thing does not exist in an organization that you belong to. An organization that is not yours answers the same.',
  org_required: 'The call needs one organization and you belong to several, or to none. Use the path with /orgs/{slug}/.',
  name_taken: 'Names are unique here. Choose another.',
  conflict: 'Someone else changed it meanwhile. Read it again and decide anew.',
  limit_reached: 'The organization has as many of these as it may. Remove one that is not needed, or ask us for more.',
  address_refused: 'Webhooks do not go to private or internal addresses, so that nobody uses Sidelight to look around inside. The operator can allow a host with OUTBOUND_ALLOW.',
  rate_limited: 'Too many tries in a short time. Wait a minute.',
  internal: 'Our fault. It is logged with the request id of the answer; report it with that id if it happens again.',
  unavailable: 'The database cannot be reached at the moment. Nothing was changed; try again in some seconds. Agents keep their data and send it later.',
} as const satisfies Record<ErrorCode, string>;

/** The page of a code, or null for an unknown one. */
export function errorPage(code: string): string | null {
  const entry = Object.entries(ERROR_CODES).find(([known]) => known === code);
  if (!entry) return null;
  const [known, { status, title }] = entry;
  return page(known, `<h1>${known}</h1><p><strong>${title}.</strong> HTTP status ${status}.</p><p>${REMEDIES[known as ErrorCode]}</p><p><a href="/docs/errors">All codes</a></p>`);
}

export function errorIndex(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, { status, title }]) => `<tr><td><a href="/docs/errors/${code}">${code}</a></td><td>${status}</td><td>${title}</td></tr>`);
  return page('Error codes', `<h1>Error codes</h1><table><tr><th>code</th><th>status</th><th>meaning</th></tr>${rows.join('')}</table>`);
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} · Sidelight</title>
<style>:root{color-scheme:light dark;font:15px/1.6 Inter,system-ui,sans-serif}body{max-width:44rem;margin:3rem auto;padding:0 1rem}td,th{padding:.2rem 1rem .2rem 0;text-align:left}</style></head><body>${body}</body></html>`;
}

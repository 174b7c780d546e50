/** /docs/errors/<code>: what a code of the API or of the uplink means, whose fault it is, and what to do. */
import type { AgentRefused } from '../../agent/wire/down.ts';
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

/** What an agent is told when its connection is refused: title and remedy. */
const UPLINK_CODES = {
  token_revoked: ['The agent’s token was revoked', 'Make a new token for the cluster in the console and give it to the agent. What it kept meanwhile is sent then.'],
  fenced: ['A newer agent has taken over', 'Two agents of one cluster run at once, or an old copy of a spool was started. Stop the older one; the newer one goes on.'],
  wire_version: ['Agent and cloud speak different versions', 'Update the older of the two. The cloud takes each version of the uplink for twelve months.'],
  frame_invalid: ['The agent sent something that does not fit the contract', 'A fault of the agent, or something between that changes messages. The message names the field; update the agent.'],
  replaced: ['A newer connection of this cluster has taken over', 'Normal when an agent has just restarted. If it goes on, two agents use one token: give each cluster its own.'],
  cluster_deleted: ['The cluster was deleted on the console', 'The data plane is not touched. Stop the agent, or connect it to a new cluster.'],
  overloaded: ['The cloud could not store the message now', 'The agent keeps its data and sends it again by itself. If it lasts, the database is away or too small.'],
} as const satisfies Record<AgentRefused['code'], readonly [string, string]>;

interface Entry {
  readonly code: string;
  readonly status: number | null;
  readonly title: string;
  readonly remedy: string;
}

const ENTRIES: readonly Entry[] = [
  ...Object.entries(ERROR_CODES).map(([code, { status, title }]) => ({ code, status, title, remedy: REMEDIES[code as ErrorCode] })),
  ...Object.entries(UPLINK_CODES).map(([code, [title, remedy]]) => ({ code, status: null, title, remedy })),
];

/** The page of a code, or null for an unknown one. */
export function errorPage(code: string): string | null {
  const entry = ENTRIES.find((known) => known.code === code);
  if (!entry) return null;
  const place = entry.status === null ? 'Uplink of an agent.' : `HTTP status ${entry.status}.`;
  return page(entry.code, `<h1>${entry.code}</h1><p><strong>${entry.title}.</strong> ${place}</p><p>${entry.remedy}</p><p><a href="/docs/errors">All codes</a></p>`);
}

export function errorIndex(): string {
  const rows = ENTRIES.map(({ code, status, title }) => `<tr><td><a href="/docs/errors/${code}">${code}</a></td><td>${status ?? 'uplink'}</td><td>${title}</td></tr>`);
  return page('Error codes', `<h1>Error codes</h1><table><tr><th>code</th><th>status</th><th>meaning</th></tr>${rows.join('')}</table>`);
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} · Sidelight</title>
<style>:root{color-scheme:light dark;font:15px/1.6 Inter,system-ui,sans-serif}body{max-width:44rem;margin:3rem auto;padding:0 1rem}td,th{padding:.2rem 1rem .2rem 0;text-align:left}</style></head><body>${body}</body></html>`;
}

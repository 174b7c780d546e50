/** The people of the pretended organization: members, invitations, sessions, and what they changed. */
import type { AuditEntry, Invitation, Member, SignInSession } from '../../cloud/wire/people.ts';

export interface MockPeople {
  readonly members: Member[];
  readonly invitations: Invitation[];
  readonly sessions: SignInSession[];
  readonly audit: AuditEntry[];
}

const DAY = 86_400_000;

export function makePeople(bornMs: number, email: string): MockPeople {
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    members: [
      { id: 'u1', name: 'Ada', email, role: 'owner', joinedAt: iso(bornMs - 40 * DAY), you: true },
      { id: 'u2', name: 'Grace', email: 'grace@acme.example', role: 'editor', joinedAt: iso(bornMs - 30 * DAY), you: false },
    ],
    invitations: [{ id: 'inv-1', email: 'linus@acme.example', role: 'viewer', invitedBy: 'Ada', createdAt: iso(bornMs - DAY), expiresAt: iso(bornMs + 6 * DAY), url: 'http://mock/invitations/inv-1' }],
    sessions: [
      { id: 'ses-1', current: true, address: '127.0.0.1', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0', createdAt: iso(bornMs - 3_600_000), lastSeenAt: iso(bornMs), expiresAt: iso(bornMs + 7 * DAY) },
      { id: 'ses-2', current: false, address: '198.51.100.7', userAgent: 'Mozilla/5.0 (iPhone) Safari/605.1.15', createdAt: iso(bornMs - 2 * DAY), lastSeenAt: iso(bornMs - DAY), expiresAt: iso(bornMs + 5 * DAY) },
    ],
    audit: [
      { id: '3', at: iso(bornMs - 3_600_000), actor: { kind: 'user', name: email }, action: 'rule.update', target: 'r-1', details: { name: 'Payments succeed', threshold: 0.99 }, address: '127.0.0.1' },
      { id: '2', at: iso(bornMs - 2 * DAY), actor: { kind: 'token', name: 'ci' }, action: 'cluster.create', target: 'c-st', details: { name: 'staging' }, address: '198.51.100.20' },
      { id: '1', at: iso(bornMs - 40 * DAY), actor: { kind: 'user', name: email }, action: 'org.create', target: 'org-1', details: { slug: 'acme' }, address: null },
    ],
  };
}

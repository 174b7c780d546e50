/** People: members, invitations, sessions, and what they changed. */
import { listAudit } from '../actions/audit-log/list.ts';
import { acceptInvitation, getInvitation } from '../actions/invitation/accept.ts';
import { createInvitation } from '../actions/invitation/create.ts';
import { listInvitations } from '../actions/invitation/list.ts';
import { revokeInvitation } from '../actions/invitation/revoke.ts';
import { listMembers } from '../actions/member/list.ts';
import { leaveOrg, removeMember } from '../actions/member/remove.ts';
import { updateMember } from '../actions/member/update.ts';
import { listSessions } from '../actions/session/list.ts';
import { revokeOtherSessions, revokeSession } from '../actions/session/revoke.ts';
import type { Handlers } from './handler.ts';

type PeopleCalls =
  | 'listMembers' | 'updateMember' | 'removeMember' | 'leaveOrg'
  | 'listInvitations' | 'createInvitation' | 'revokeInvitation' | 'getInvitation' | 'acceptInvitation'
  | 'listSessions' | 'revokeSession' | 'revokeOtherSessions' | 'listAudit';

export const peopleHandlers: Handlers<PeopleCalls> = {
  listMembers: async ({ context, services }) => ({ members: await listMembers(context, services) }),
  updateMember: ({ context, params, body, services }) => updateMember(context, services, { id: params.id, role: body.role }),
  removeMember: async ({ context, params, services }) => {
    await removeMember(context, services, params);
    return null;
  },
  leaveOrg: async ({ context, services }) => {
    await leaveOrg(context, services);
    return null;
  },
  listInvitations: async ({ context, services }) => ({ invitations: await listInvitations(context, services) }),
  createInvitation: ({ context, body, services }) => createInvitation(context, services, body),
  revokeInvitation: async ({ context, params, services }) => {
    await revokeInvitation(context, services, params);
    return null;
  },
  getInvitation: ({ context, params, services }) => getInvitation(context, services, params),
  acceptInvitation: ({ context, params, services }) => acceptInvitation(context, services, params),
  listSessions: async ({ context, services }) => ({ sessions: await listSessions(context, services) }),
  revokeSession: async ({ context, params, services }) => {
    await revokeSession(context, services, params);
    return null;
  },
  revokeOtherSessions: async ({ context, services }) => {
    await revokeOtherSessions(context, services);
    return null;
  },
  listAudit: ({ context, query }) => listAudit(context, query),
};

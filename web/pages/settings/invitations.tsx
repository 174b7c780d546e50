/** Invites a person, and lists the invitations that wait. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Role } from '../../../cloud/wire/roles.ts';
import { apiQuery, useApiMutation } from '../../api/queries.ts';
import { useSlug } from '../../components/location.ts';
import { useNowMs } from '../../components/now.ts';
import { Loaded, Section } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { grantable } from '../../components/role.ts';
import { until } from '../../format/time.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { Choice, Field } from '../../ui/field.tsx';

const SHAPED = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

export function Invitations({ role }: { role: Role }): React.JSX.Element {
  const slug = useSlug();
  const nowMs = useNowMs();
  const [email, setEmail] = useState('');
  const [wanted, setWanted] = useState<Role>('viewer');
  const waiting = useQuery(apiQuery('listInvitations', { params: { slug } }));
  const invite = useApiMutation('createInvitation', ['listInvitations']);
  const revoke = useApiMutation('revokeInvitation', ['listInvitations']);
  const error = invite.error ?? revoke.error;
  return (
    <Section title="Invitations">
      <form className="flex flex-wrap items-start gap-2" noValidate onSubmit={(event) => {
        event.preventDefault();
        invite.mutate({ params: { slug }, body: { email, role: wanted } }, { onSuccess: () => setEmail('') });
      }}>
        <Field className="min-w-56 flex-1" label="E-mail" type="email" hint="They get a link that works for 7 days, for this address only." placeholder="grace@example.com" value={email} onChange={(event) => setEmail(event.target.value)} />
        <Choice aria-label="Role of the invited person" className="mt-6 h-9" value={wanted} onChange={(event) => setWanted(event.target.value as Role)}>
          {grantable(role).map((each) => <option key={each} value={each}>{each}</option>)}
        </Choice>
        <Button type="submit" look="primary" className="mt-6 h-9" disabled={!SHAPED.test(email) || invite.isPending}>Invite</Button>
      </form>
      {error !== null && <div className="mt-3"><ProblemNotice error={error} /></div>}
      <Loaded query={waiting} height={40}>
        {(data) => (
          <ul aria-label="Invitations that wait" className="mt-3 divide-y divide-line">
            {data.invitations.map((invitation) => (
              <li key={invitation.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-1.5">
                <span className="min-w-0 flex-1 truncate font-medium">{invitation.email}</span>
                <span className="text-muted">{invitation.role}</span>
                <span className="text-xs text-faint">by {invitation.invitedBy}, ends in {until(invitation.expiresAt, nowMs)}</span>
                <CopyButton text={invitation.url} label={`Copy the link for ${invitation.email}`} />
                <Button small look="ghost" aria-label={`Take back the invitation of ${invitation.email}`} onClick={() => revoke.mutate({ params: { slug, id: invitation.id } })}>Take back</Button>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Section>
  );
}

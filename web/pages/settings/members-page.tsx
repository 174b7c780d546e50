/** Members: who belongs to the organization, with which role, and who is invited. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Member } from '../../../cloud/wire/people.ts';
import { allows, ROLES, type Role } from '../../../cloud/wire/roles.ts';
import { apiQuery, useApiMutation } from '../../api/queries.ts';
import { DataTable, type Column } from '../../components/data-table.tsx';
import { useSlug } from '../../components/location.ts';
import { useNowMs } from '../../components/now.ts';
import { Loaded, PageHead, Section, useTitle } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { grantable, useRole } from '../../components/role.ts';
import { ago } from '../../format/time.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { Choice } from '../../ui/field.tsx';
import { Invitations } from './invitations.tsx';

/** What a role may do, in a line. */
const ROLE_TEXTS = {
  viewer: 'sees everything',
  editor: 'and changes clusters, rules and channels',
  admin: 'and people, tokens and deletions',
  owner: 'and owners, and imports history',
} as const satisfies Record<Role, string>;

export function MembersPage(): React.JSX.Element {
  const slug = useSlug();
  const role = useRole(slug);
  const members = useQuery(apiQuery('listMembers', { params: { slug } }));
  useTitle('Members');
  return (
    <div className="max-w-3xl space-y-8">
      <PageHead title="Members" text={ROLES.map((each) => `${each}: ${ROLE_TEXTS[each]}`).join('; ')} />
      {allows(role, 'admin') && <Invitations role={role} />}
      <Section title="People"><Loaded query={members} height={120}>{(data) => <People members={data.members} role={role} />}</Loaded></Section>
    </div>
  );
}

function People({ members, role }: { members: readonly Member[]; role: Role }): React.JSX.Element {
  const slug = useSlug();
  const nowMs = useNowMs();
  const [asked, setAsked] = useState<Member | null>(null);
  const update = useApiMutation('updateMember', ['listMembers', 'getMe']);
  const remove = useApiMutation('removeMember', ['listMembers']);
  const leave = useApiMutation('leaveOrg', ['getMe']);
  const mayChange = (member: Member): boolean => allows(role, member.role === 'owner' ? 'own' : 'admin');
  const columns: Column<Member>[] = [
    { key: 'name', head: 'name', sort: (member) => member.name, cell: (member) => <span className="font-medium">{member.name}{member.you && <span className="ml-1.5 font-normal text-faint">you</span>}</span> },
    { key: 'email', head: 'e-mail', className: 'hidden sm:table-cell', sort: (member) => member.email, cell: (member) => <span className="text-muted">{member.email}</span> },
    {
      key: 'role', head: 'role', sort: (member) => ROLES.indexOf(member.role), cell: (member) => (!mayChange(member) ? member.role : (
        <Choice aria-label={`Role of ${member.name}`} className="h-7" value={member.role} disabled={update.isPending} onChange={(event) => update.mutate({ params: { slug, id: member.id }, body: { role: event.target.value as Role } })}>
          {grantable(role).map((each) => <option key={each} value={each}>{each}</option>)}
        </Choice>
      )),
    },
    { key: 'joined', head: 'joined', unit: 'ago', numeric: true, className: 'hidden sm:table-cell', sort: (member) => member.joinedAt, cell: (member) => ago(member.joinedAt, nowMs) },
    { key: 'act', head: '', numeric: true, cell: (member) => ((member.you || mayChange(member)) && <Button small look="ghost" onClick={() => setAsked(member)}>{member.you ? 'Leave' : 'Remove'}</Button>) },
  ];
  const go = (member: Member): void => {
    setAsked(null);
    if (member.you) leave.mutate({ params: { slug } }, { onSuccess: () => location.assign('/') });
    else remove.mutate({ params: { slug, id: member.id } });
  };
  const error = update.error ?? remove.error ?? leave.error;
  return (
    <>
      <DataTable label="Members" rows={members} columns={columns} rowKey={(member) => member.id} initialSort={{ key: 'name', descending: false }} />
      {error !== null && <div className="mt-3"><ProblemNotice error={error} /></div>}
      <Confirm open={asked !== null} onOpenChange={() => setAsked(null)} title={asked?.you === true ? 'Leave this organization?' : `Remove ${asked?.name ?? ''}?`} text={asked?.you === true ? 'You see it again when someone invites you.' : 'Their sessions no longer open this organization. Tokens that they made stay.'}>
        <Button onClick={() => setAsked(null)}>Stay as it is</Button>
        <Button look="danger" onClick={() => { if (asked !== null) go(asked); }}>{asked?.you === true ? 'Leave' : 'Remove'}</Button>
      </Confirm>
    </>
  );
}

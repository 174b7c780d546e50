/** Your sessions: where you are signed in, and the way to sign out elsewhere. */
import { useQuery } from '@tanstack/react-query';
import type { SignInSession } from '../../../cloud/wire/people.ts';
import { apiQuery, useApiMutation } from '../../api/queries.ts';
import { DataTable, type Column } from '../../components/data-table.tsx';
import { useNowMs } from '../../components/now.ts';
import { Loaded, PageHead, useTitle } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { ago } from '../../format/time.ts';
import { Button } from '../../ui/button.tsx';
import { browserName } from './browser-name.ts';

export function SessionsPage(): React.JSX.Element {
  const nowMs = useNowMs();
  const sessions = useQuery(apiQuery('listSessions', {}));
  const revoke = useApiMutation('revokeSession', ['listSessions']);
  const others = useApiMutation('revokeOtherSessions', ['listSessions']);
  const error = revoke.error ?? others.error;
  useTitle('Your sessions');
  const columns: Column<SignInSession>[] = [
    { key: 'browser', head: 'browser', cell: (session) => <span className="font-medium" title={session.userAgent ?? undefined}>{browserName(session.userAgent)}{session.current && <span className="ml-1.5 font-normal text-faint">this one</span>}</span> },
    { key: 'address', head: 'address', cell: (session) => <span className="text-muted tabular-nums">{session.address ?? 'unknown'}</span> },
    { key: 'created', head: 'signed in', unit: 'ago', numeric: true, className: 'hidden sm:table-cell', sort: (session) => session.createdAt, cell: (session) => ago(session.createdAt, nowMs) },
    { key: 'seen', head: 'last seen', unit: 'ago', numeric: true, sort: (session) => session.lastSeenAt, cell: (session) => ago(session.lastSeenAt, nowMs) },
    { key: 'act', head: '', numeric: true, cell: (session) => (!session.current && <Button small look="ghost" onClick={() => revoke.mutate({ params: { id: session.id } })}>Sign out</Button>) },
  ];
  return (
    <div className="max-w-3xl">
      <PageHead title="Your sessions" text="Sign out where you are not; a session that was signed out opens nothing from then on.">
        <Button onClick={() => others.mutate({})} disabled={others.isPending}>Sign out everywhere else</Button>
      </PageHead>
      {error !== null && <div className="mb-3"><ProblemNotice error={error} /></div>}
      <Loaded query={sessions} height={120}>{(data) => <DataTable label="Your sessions" rows={data.sessions} columns={columns} rowKey={(session) => session.id} initialSort={{ key: 'seen', descending: true }} />}</Loaded>
    </div>
  );
}

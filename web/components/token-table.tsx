/** Tokens with their use, and the way to revoke one. */
import { useState } from 'react';
import type { CallName } from '../../cloud/wire/calls.ts';
import type { ApiToken } from '../../cloud/wire/entities.ts';
import { useApiMutation } from '../api/queries.ts';
import { ago } from '../format/time.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { DataTable, type Column } from './data-table.tsx';
import { useSlug } from './location.ts';
import { useNowMs } from './now.ts';
import { ProblemNotice } from './problem-notice.tsx';

export function TokenTable({ label, tokens, stale }: { label: string; tokens: readonly ApiToken[]; stale: readonly CallName[] }): React.JSX.Element {
  const slug = useSlug();
  const nowMs = useNowMs();
  const [asked, setAsked] = useState<ApiToken | null>(null);
  const revoke = useApiMutation('revokeToken', stale);
  const columns: Column<ApiToken>[] = [
    { key: 'name', head: 'name', sort: (token) => token.name, cell: (token) => <span className={token.revokedAt === null ? 'font-medium' : 'text-faint line-through'}>{token.name}</span> },
    { key: 'prefix', head: 'begins with', cell: (token) => <code className="font-mono text-xs text-muted">{token.prefix}…</code> },
    { key: 'created', head: 'made', unit: 'ago', numeric: true, className: 'hidden sm:table-cell', sort: (token) => token.createdAt, cell: (token) => ago(token.createdAt, nowMs) },
    { key: 'used', head: 'last used', unit: 'ago', numeric: true, sort: (token) => token.lastUsedAt, cell: (token) => (token.lastUsedAt === null ? <span className="text-faint">never</span> : ago(token.lastUsedAt, nowMs)) },
    { key: 'act', head: '', numeric: true, cell: (token) => (token.revokedAt === null ? <Button small look="ghost" onClick={() => setAsked(token)}>Revoke</Button> : <span className="text-xs text-faint">revoked</span>) },
  ];
  return (
    <>
      <DataTable label={label} rows={tokens} columns={columns} rowKey={(token) => token.id} initialSort={{ key: 'created', descending: true }} empty={<p className="text-muted">There is no token yet.</p>} />
      {revoke.error !== null && <div className="mt-3"><ProblemNotice error={revoke.error} /></div>}
      <Confirm open={asked !== null} onOpenChange={() => setAsked(null)} title={`Revoke ${asked?.name ?? ''}?`} text="What uses this token is refused from then on.">
        <Button onClick={() => setAsked(null)}>Keep it</Button>
        <Button look="danger" onClick={() => {
          if (asked !== null) revoke.mutate({ params: { slug, id: asked.id } });
          setAsked(null);
        }}>Revoke it</Button>
      </Confirm>
    </>
  );
}

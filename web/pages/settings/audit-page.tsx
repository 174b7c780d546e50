/** The audit log: who changed what, when, from where. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { AuditEntry } from '../../../cloud/wire/people.ts';
import { apiQuery } from '../../api/queries.ts';
import { DataTable, type Column } from '../../components/data-table.tsx';
import { useSlug } from '../../components/location.ts';
import { Loaded, PageHead, useTitle } from '../../components/page.tsx';
import { moment } from '../../format/time.ts';
import { Button } from '../../ui/button.tsx';

export function AuditPage(): React.JSX.Element {
  const slug = useSlug();
  const [pages, setPages] = useState<readonly string[]>([]);
  const before = pages.at(-1);
  const audit = useQuery(apiQuery('listAudit', { params: { slug }, query: before === undefined ? {} : { before } }));
  useTitle('Audit log');
  return (
    <div className="max-w-5xl">
      <PageHead title="Audit log" text="Every change of this organization; nobody can alter or remove a line." />
      <Loaded query={audit} height={320}>
        {({ entries, next }) => (
          <>
            <DataTable label="Audit log" rows={entries} columns={COLUMNS} rowKey={(entry) => entry.id} initialSort={{ key: 'at', descending: true }} empty={<p className="text-muted">Nothing has been changed yet.</p>} />
            <div className="mt-4 flex gap-2">
              {pages.length > 0 && <Button small onClick={() => setPages(pages.slice(0, -1))}>Newer</Button>}
              {next !== null && <Button small onClick={() => setPages([...pages, next])}>Older</Button>}
            </div>
          </>
        )}
      </Loaded>
    </div>
  );
}

const COLUMNS: Column<AuditEntry>[] = [
  { key: 'at', head: 'when', sort: (entry) => entry.at, cell: (entry) => <time dateTime={entry.at} className="tabular-nums">{moment(Date.parse(entry.at))}</time> },
  { key: 'who', head: 'who', sort: (entry) => entry.actor.name, cell: (entry) => <span>{entry.actor.name}{entry.actor.kind !== 'user' && <span className="ml-1.5 text-faint">{entry.actor.kind}</span>}</span> },
  { key: 'action', head: 'what', sort: (entry) => entry.action, cell: (entry) => <span className="font-medium">{entry.action.replace('.', ' ').replaceAll('_', ' ')}</span> },
  { key: 'target', head: 'to what', className: 'hidden lg:table-cell', cell: (entry) => <code className="font-mono text-xs text-faint">{entry.target}</code> },
  { key: 'details', head: 'details', className: 'hidden md:table-cell max-w-96', cell: (entry) => <span className="block truncate text-xs text-muted">{Object.entries(entry.details).map(([name, value]) => `${name} ${String(value)}`).join(', ')}</span> },
  { key: 'from', head: 'from', className: 'hidden sm:table-cell', cell: (entry) => <span className="text-faint tabular-nums">{entry.address ?? '–'}</span> },
];

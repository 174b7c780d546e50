/** Incidents, newest first. */
import { useQuery } from '@tanstack/react-query';
import { clsx } from 'clsx';
import type { Incident } from '../../../cloud/wire/entities.ts';
import { apiQuery } from '../../api/queries.ts';
import { DataTable, type Column } from '../../components/data-table.tsx';
import { useSearchText, useSetSearch, useSlug } from '../../components/location.ts';
import { useNowMs } from '../../components/now.ts';
import { Empty, Loaded, PageHead, useTitle } from '../../components/page.tsx';
import { percentColumn } from '../../format/number.ts';
import { moment, span } from '../../format/time.ts';
import { paths } from '../../paths.ts';
import { StatusGlyph } from '../../ui/glyph.tsx';

const POLL_MS = 3_000;
const FILTERS = [['all', 'All'], ['open', 'Open'], ['resolved', 'Resolved']] as const;

export function IncidentsPage(): React.JSX.Element {
  const slug = useSlug();
  const nowMs = useNowMs();
  const text = useSearchText('state');
  const state = text === 'open' || text === 'resolved' ? text : undefined;
  useTitle('Incidents');
  const incidents = useQuery(apiQuery('listIncidents', { params: { slug }, query: { state } }, { pollMs: POLL_MS }));
  return (
    <>
      <PageHead title="Incidents"><StateFilter state={state ?? 'all'} /></PageHead>
      <Loaded query={incidents}>
        {(data) => (
          <DataTable
            label="Incidents" rows={data.incidents} columns={columnsAt(nowMs)} rowKey={(incident) => incident.id} initialSort={{ key: 'opened', descending: true }} href={(incident) => paths.incident(slug, incident.id)}
            empty={<Empty title={state === 'open' ? 'Nothing is broken right now' : 'No incident yet'}>An incident opens when a rule's success rate falls below its line, and closes by itself when it is mended.</Empty>}
          />
        )}
      </Loaded>
    </>
  );
}

function StateFilter({ state }: { state: string }): React.JSX.Element {
  const setSearch = useSetSearch();
  return (
    <div role="group" aria-label="Which incidents" className="flex rounded-md border border-line-strong p-0.5">
      {FILTERS.map(([key, label]) => (
        <button key={key} type="button" aria-pressed={state === key} onClick={() => setSearch({ state: key === 'all' ? undefined : key }, true)} className={clsx('h-6.5 rounded px-2.5', state === key ? 'bg-raised font-medium' : 'text-muted hover:text-ink')}>{label}</button>
      ))}
    </div>
  );
}

function columnsAt(nowMs: number): Column<Incident>[] {
  return [
    { key: 'what', head: 'what happened', cell: (incident) => <What incident={incident} /> },
    { key: 'cluster', head: 'cluster', className: 'hidden md:table-cell', sort: (incident) => incident.clusterName, cell: (incident) => <span className="text-muted">{incident.clusterName}</span> },
    { key: 'rule', head: 'rule', className: 'hidden xl:table-cell', sort: (incident) => incident.ruleName, cell: (incident) => <span className="text-muted">{incident.ruleName}</span> },
    { key: 'worst', head: 'worst', unit: 'success', numeric: true, className: 'hidden sm:table-cell', sort: (incident) => incident.worstSuccessRate, cell: (incident) => percentColumn(incident.worstSuccessRate) },
    { key: 'opened', head: 'opened', numeric: true, sort: (incident) => incident.openedAt, cell: (incident) => <span className="text-muted">{moment(Date.parse(incident.openedAt))}</span> },
    { key: 'lasted', head: 'for', numeric: true, className: 'hidden sm:table-cell', sort: (incident) => lastedMs(incident, nowMs), cell: (incident) => span(lastedMs(incident, nowMs)) },
  ];
}

export function lastedMs(incident: Incident, nowMs: number): number {
  return Math.max(0, (incident.resolvedAt === null ? nowMs : Date.parse(incident.resolvedAt)) - Date.parse(incident.openedAt));
}

function What({ incident }: { incident: Incident }): React.JSX.Element {
  const open = incident.state === 'open';
  return (
    <span className="flex max-w-[52ch] items-center gap-2 whitespace-normal lg:max-w-[72ch]">
      <StatusGlyph status={open ? 'failing' : 'ok'} />
      <span className={clsx('line-clamp-2', open ? 'font-medium' : 'text-muted')}>{incident.sentence}</span>
      <span className="sr-only">{open ? 'open' : 'resolved'}</span>
    </span>
  );
}

/** A cluster's workloads with their golden metrics. */
import { useQuery } from '@tanstack/react-query';
import type { WorkloadRow } from '../../../cloud/wire/entities.ts';
import { apiQuery } from '../../api/queries.ts';
import { pollMs, rangeQuery } from '../../api/range.ts';
import { DataTable, type Column } from '../../components/data-table.tsx';
import { goldenColumns } from '../../components/golden-cells.tsx';
import { useClusterId, useSearchText, useSetSearch, useSlug, useTimeRange } from '../../components/location.ts';
import { Empty, Loaded, PageHead, useTitle } from '../../components/page.tsx';
import { plural } from '../../format/number.ts';
import { STATUS_LOOKS } from '../../format/status.ts';
import { paths } from '../../paths.ts';
import { inputClass } from '../../ui/field.tsx';
import { Status } from '../../ui/glyph.tsx';

const COLUMNS: readonly Column<WorkloadRow>[] = [
  { key: 'name', head: 'workload', sort: (row) => row.name, cell: (row) => <span className="font-medium">{row.name}</span> },
  { key: 'health', head: 'health', sort: (row) => STATUS_LOOKS[row.status].rank, cell: (row) => <Status status={row.status} /> },
  { key: 'namespace', head: 'namespace', className: 'hidden md:table-cell', sort: (row) => row.namespace, cell: (row) => <span className="text-muted">{row.namespace}</span> },
  { key: 'kind', head: 'kind', className: 'hidden lg:table-cell', sort: (row) => row.kind, cell: (row) => <span className="text-muted">{row.kind}</span> },
  ...goldenColumns((row: WorkloadRow) => row.golden),
  { key: 'instances', head: 'instances', numeric: true, className: 'hidden lg:table-cell', sort: (row) => row.instances, cell: (row) => <span className="text-muted">{row.instances}{row.meshed ? '' : ' unmeshed'}</span> },
];

export function WorkloadsPage(): React.JSX.Element {
  const params = { slug: useSlug(), clusterId: useClusterId() };
  const range = useTimeRange();
  const text = useSearchText('q') ?? '';
  const setSearch = useSetSearch();
  useTitle('Workloads');
  const workloads = useQuery(apiQuery('listWorkloads', { params, query: rangeQuery(range) }, { pollMs: pollMs(range) }));
  const matches = (row: WorkloadRow): boolean => text.toLowerCase().split(/\s+/).every((word) => row.key.includes(word));
  return (
    <>
      <PageHead title="Workloads">
        <input type="search" aria-label="Filter workloads" placeholder="Filter by name or namespace" value={text} onChange={(event) => setSearch({ q: event.target.value === '' ? undefined : event.target.value }, true)} className={`${inputClass} w-64`} />
      </PageHead>
      <Loaded query={workloads}>
        {(data) => {
          const rows = data.workloads.filter(matches);
          return (
            <>
              <DataTable
                label="Workloads" rows={rows} columns={COLUMNS} rowKey={(row) => row.key} initialSort={{ key: 'health', descending: false }}
                href={(row) => paths.workload(params.slug, params.clusterId, row.key)}
                empty={text === '' ? <Empty title="No workload has been seen yet">They appear as soon as the agent has told what runs in the cluster.</Empty> : <Empty title={`No workload matches “${text}”`} />}
              />
              <p className="mt-4 text-xs text-faint">{rows.length === data.workloads.length ? plural(rows.length, 'workload') : `${rows.length} of ${plural(data.workloads.length, 'workload')}`}</p>
            </>
          );
        }}
      </Loaded>
    </>
  );
}

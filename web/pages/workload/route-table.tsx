/** Routes of a workload's services. */
import type { Workload } from '../../../cloud/wire/entities.ts';
import { DataTable, type Column } from '../../components/data-table.tsx';
import { goldenColumns } from '../../components/golden-cells.tsx';
import { shortName } from '../../paths.ts';

type Route = Workload['routes'][number];

const COLUMNS: readonly Column<Route>[] = [
  { key: 'route', head: 'route', sort: (route) => route.route, cell: (route) => <code className="font-mono text-xs">{route.route === '' ? 'other' : route.route}</code> },
  { key: 'service', head: 'service', className: 'hidden md:table-cell', sort: (route) => route.service, cell: (route) => <span className="text-muted">{shortName(route.service)}</span> },
  ...goldenColumns((route: Route) => route.golden).filter((column) => column.key !== 'mtls'),
];

export function RouteTable({ routes }: { routes: readonly Route[] }): React.JSX.Element {
  return <DataTable label="Routes" rows={routes} columns={COLUMNS} sortKey="routes" rowKey={(route) => `${route.service} ${route.route}`} initialSort={{ key: 'rps', descending: true }} empty={<p className="py-2 text-muted">No route had requests in this range.</p>} />;
}

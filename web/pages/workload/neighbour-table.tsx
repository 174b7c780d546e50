/** Callers or callees of a workload, with the share of its failures that each one sees or causes. */
import type { Neighbour } from '../../../cloud/wire/entities.ts';
import { DataTable, type Column } from '../../components/data-table.tsx';
import { GoldenSuccess } from '../../components/golden-cells.tsx';
import { TextLink, To } from '../../components/link.tsx';
import { useSlug } from '../../components/location.ts';
import { count, percent, plain } from '../../format/number.ts';
import { paths, shortName } from '../../paths.ts';
import { StatusGlyph } from '../../ui/glyph.tsx';
import { TlsMark } from '../../ui/tls-mark.tsx';

interface Props {
  readonly clusterId: string;
  readonly label: string;
  readonly neighbours: readonly Neighbour[];
  readonly sortKey: string;
  readonly verb: 'sees' | 'causes';
}

export function NeighbourTable({ clusterId, label, neighbours, sortKey, verb }: Props): React.JSX.Element {
  const slug = useSlug();
  const columns: Column<Neighbour>[] = [
    { key: 'name', head: verb === 'sees' ? 'caller' : 'callee', sort: (row) => row.workload ?? row.service, cell: (row) => <Name row={row} verb={verb} href={row.workload === null ? null : paths.workload(slug, clusterId, row.workload)} /> },
    { key: 'share', head: verb, unit: 'of failures', numeric: true, sort: (row) => row.failureShare, cell: (row) => <Share share={row.failureShare} /> },
    { key: 'success', head: 'success', numeric: true, sort: (row) => row.golden.successRate, cell: (row) => <To to={paths.edge(slug, clusterId)} search={{ id: row.edge }} aria-label={`Edge ${verb === 'sees' ? 'from' : 'to'} ${nameOf(row, verb)}`} className="underline decoration-line-strong underline-offset-3 hover:decoration-ink"><GoldenSuccess golden={row.golden} /></To> },
    { key: 'rps', head: 'rate', unit: '/s', numeric: true, sort: (row) => row.golden.requestsPerSecond, cell: (row) => plain(row.golden.requestsPerSecond) },
    { key: 'p95', head: 'p95', unit: 'ms', numeric: true, className: 'hidden sm:table-cell', sort: (row) => row.golden.latencyMs.p95, cell: (row) => plain(row.golden.latencyMs.p95) },
  ];
  return (
    <DataTable
      label={label} rows={neighbours} columns={columns} sortKey={sortKey} rowKey={(row) => row.edge} initialSort={{ key: 'share', descending: true }}
      empty={<p className="border-t border-line-strong py-3 text-muted">{verb === 'sees' ? 'Nobody called it in this range.' : 'It called nobody in this range.'}</p>}
    />
  );
}

function nameOf(row: Neighbour, verb: Props['verb']): string {
  if (row.workload !== null) return shortName(row.workload);
  return verb === 'sees' ? 'outside the mesh' : shortName(row.service);
}

function Name({ row, verb, href }: { row: Neighbour; verb: Props['verb']; href: string | null }): React.JSX.Element {
  const name = nameOf(row, verb);
  return (
    <span className="flex items-center gap-1.5">
      <StatusGlyph status={row.status} size={10} label />
      <TlsMark tls={row.tls} />
      {href === null ? <span className="text-muted">{name}</span> : <TextLink to={href} className="font-medium">{name}</TextLink>}
      <span className="hidden text-xs text-faint md:inline">{row.protocol}{row.open !== undefined && ` · ${count(row.open)} open`}</span>
    </span>
  );
}

function Share({ share }: { share: number | null }): React.JSX.Element {
  if (share === null || share === 0) return <span className="text-faint">–</span>;
  return (
    <span className="inline-flex items-center gap-2">
      <span aria-hidden className="h-1 w-12 overflow-hidden rounded-full bg-line"><span className="block h-full bg-failing" style={{ width: `${share * 100}%` }} /></span>
      {percent(share)}
    </span>
  );
}

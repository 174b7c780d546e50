/** The golden metrics as table columns, the same wherever they stand. */
import type { Golden, HealthStatus } from '../../cloud/wire/entities.ts';
import { compact, percentColumn, percentWhole, plain } from '../format/number.ts';
import { statusOfRate } from '../format/status.ts';
import { EXCEPTION_COLOURS } from '../ui/glyph.tsx';
import type { Column } from './data-table.tsx';

/** A success rate, coloured only when it is not good; without requests it says so. */
export function SuccessCell({ successRate, status }: { successRate: number | null; status?: HealthStatus }): React.JSX.Element {
  if (successRate === null) return <span className="text-faint">no traffic</span>;
  const shown = status === undefined || status === 'nodata' || status === 'stale' ? statusOfRate(successRate) : status;
  return <span className={EXCEPTION_COLOURS[shown]}>{percentColumn(successRate)}</span>;
}

/** Success, or how many connections where requests can't be seen. */
export function GoldenSuccess({ golden }: { golden: Golden | null }): React.JSX.Element {
  if (golden !== null && golden.successRate === null && golden.connections > 0) return <span className="text-muted">{compact(golden.connections)} conn</span>;
  return <SuccessCell successRate={golden?.successRate ?? null} />;
}

/** Success, rate, latency and mTLS columns over rows that have golden metrics. */
export function goldenColumns<Row>(golden: (row: Row) => Golden | null): Column<Row>[] {
  return [
    { key: 'success', head: 'success', numeric: true, sort: (row) => golden(row)?.successRate ?? null, cell: (row) => <GoldenSuccess golden={golden(row)} /> },
    { key: 'rps', head: 'rate', unit: '/s', numeric: true, sort: (row) => golden(row)?.requestsPerSecond ?? null, cell: (row) => plain(golden(row)?.requestsPerSecond ?? null) },
    ...latencyColumns((row: Row) => golden(row)?.latencyMs ?? null),
    { key: 'mtls', head: 'mTLS', numeric: true, sort: (row) => golden(row)?.mtlsShare ?? null, cell: (row) => <MtlsCell share={golden(row)?.mtlsShare ?? null} />, className: 'hidden md:table-cell', title: 'Share of the requests over mutual TLS' },
  ];
}

export function latencyColumns<Row>(latency: (row: Row) => Golden['latencyMs'] | null): Column<Row>[] {
  const column = (key: 'p50' | 'p95' | 'p99', className?: string): Column<Row> => ({
    key, head: key, unit: 'ms', numeric: true,
    sort: (row) => latency(row)?.[key] ?? null,
    cell: (row) => <Dim text={plain(latency(row)?.[key] ?? null)} />,
    ...(className === undefined ? {} : { className }),
  });
  return [column('p50', 'hidden lg:table-cell'), column('p95', 'hidden sm:table-cell'), column('p99')];
}

export function MtlsCell({ share }: { share: number | null }): React.JSX.Element {
  return <span className={share !== null && share < 1 ? 'text-ink' : 'text-muted'}>{percentWhole(share)}</span>;
}

function Dim({ text }: { text: string }): React.JSX.Element {
  return <span className={text === '–' ? 'text-faint' : undefined}>{text}</span>;
}

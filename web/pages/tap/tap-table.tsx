/** Exchanges as they came, newest first. */
import { clsx } from 'clsx';
import { latency } from '../../format/number.ts';
import { clock } from '../../format/time.ts';
import { shortName } from '../../paths.ts';
import { TlsMark } from '../../ui/tls-mark.tsx';
import type { TapRow } from './tap-stream.ts';

const HEADS = [
  ['when', ''], ['seen', 'hidden lg:table-cell'], ['request', ''], ['status', 'text-right'], ['latency', 'hidden text-right sm:table-cell'],
  ['caller → callee', 'hidden md:table-cell'], ['why', 'hidden xl:table-cell'],
] as const;

export function TapTable({ rows }: { rows: readonly TapRow[] }): React.JSX.Element {
  return (
    <div className="-mx-4 overflow-x-auto px-4 sm:mx-0 sm:px-0">
      <table aria-label="Exchanges" className="w-full border-collapse text-sm">
        <thead>
          <tr className="border-b border-line-strong">
            {HEADS.map(([head, className]) => <th key={head} scope="col" className={clsx('h-8 px-2 text-left text-xs font-medium whitespace-nowrap text-muted', className)}>{head}</th>)}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => <Row key={row.number} row={row} />)}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row }: { row: TapRow }): React.JSX.Element {
  const failed = row.fault === 'app' || row.fault === 'mesh';
  return (
    <tr className={clsx('h-7 border-b border-line last:border-b-0', failed && 'bg-failing-tint')}>
      <td className="px-2 whitespace-nowrap text-faint tabular-nums">{clock(row.atMs)}</td>
      <td className="hidden px-2 whitespace-nowrap text-faint lg:table-cell" title={`${row.workload}, ${row.proxy}`}>{row.direction} · {row.proxy}</td>
      <td className="max-w-[44ch] truncate px-2" title={row.route ?? undefined}><span className="text-muted">{row.method}</span> {row.path}</td>
      <td className={clsx('px-2 text-right tabular-nums', failed && 'font-medium text-failing')}>{statusText(row)}</td>
      <td className="hidden px-2 text-right whitespace-nowrap tabular-nums sm:table-cell">{latency(row.latencyMs)}</td>
      <td className="hidden px-2 whitespace-nowrap md:table-cell">
        <span className="inline-flex items-center gap-1.5"><TlsMark tls={row.tls === 'mtls' ? 'mtls' : 'plain'} size={10} />{endOf(row.source, 'outside')} <span aria-label="calls" className="text-faint">→</span> {endOf(row.destination, row.service)}</span>
      </td>
      <td className="hidden px-2 whitespace-nowrap text-muted xl:table-cell">{whyText(row)}</td>
    </tr>
  );
}

function statusText({ status, grpcStatus }: TapRow): string {
  if (status === 0) return '–';
  return grpcStatus === null ? String(status) : `${status} · grpc ${grpcStatus}`;
}

function whyText({ fault, code, retries }: TapRow): string {
  const why = [code ?? (fault === null ? '' : `${fault} fault`), retries > 0 ? `${retries} ${retries === 1 ? 'retry' : 'retries'}` : ''];
  return why.filter((word) => word !== '').join(', ');
}

function endOf(key: string, otherwise: string): string {
  return shortName(key === '' ? otherwise : key);
}

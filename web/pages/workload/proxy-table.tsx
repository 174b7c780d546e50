/** The proxies beside a workload's instances: identity, certificate, version. */
import type { Workload } from '../../../cloud/wire/entities.ts';
import { DataTable, type Column } from '../../components/data-table.tsx';
import { useNowMs } from '../../components/now.ts';
import { until } from '../../format/time.ts';
import { StatusGlyph } from '../../ui/glyph.tsx';

type Proxy = Workload['proxies'][number];

export function ProxyTable({ proxies }: { proxies: readonly Proxy[] }): React.JSX.Element {
  const nowMs = useNowMs();
  const columns: Column<Proxy>[] = [
    { key: 'name', head: 'proxy', sort: (proxy) => proxy.name, cell: (proxy) => <span className="font-medium">{proxy.name}</span> },
    { key: 'state', head: 'state', sort: (proxy) => stateOf(proxy).rank, cell: (proxy) => <State proxy={proxy} /> },
    { key: 'version', head: 'version', sort: (proxy) => proxy.version, cell: (proxy) => <span className="text-muted">{proxy.version}</span> },
    { key: 'identity', head: 'identity', className: 'hidden lg:table-cell', sort: (proxy) => proxy.identity, cell: (proxy) => (proxy.identity === null ? <span className="text-degraded">none</span> : <code className="font-mono text-xs text-muted">{proxy.identity}</code>) },
    { key: 'cert', head: 'certificate', unit: 'expires in', numeric: true, sort: (proxy) => proxy.certificateNotAfter, cell: (proxy) => until(proxy.certificateNotAfter, nowMs) },
  ];
  return <DataTable label="Proxies" rows={proxies} columns={columns} sortKey="proxies" rowKey={(proxy) => proxy.instance} initialSort={{ key: 'state', descending: false }} empty={<p className="py-2 text-muted">No proxy runs beside this workload: its calls are seen by its meshed neighbours only.</p>} />;
}

function stateOf({ ready, connected }: Proxy): { rank: number; word: string; status: 'ok' | 'degraded' | 'failing' } {
  if (!ready) return { rank: 0, word: 'not ready', status: 'failing' };
  return connected ? { rank: 2, word: 'ready', status: 'ok' } : { rank: 1, word: 'ready, control plane away', status: 'degraded' };
}

function State({ proxy }: { proxy: Proxy }): React.JSX.Element {
  const state = stateOf(proxy);
  return <span className="inline-flex items-center gap-1.5"><StatusGlyph status={state.status} />{state.word}</span>;
}

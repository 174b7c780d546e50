/** Fleet: is everything fine; if not, where first? */
import { useQuery } from '@tanstack/react-query';
import type { HealthCluster } from '../../../cloud/wire/entities.ts';
import { apiQuery } from '../../api/queries.ts';
import { pollMs, rangeQuery } from '../../api/range.ts';
import { Strip, StripNote } from '../../charts/strip.tsx';
import { DataTable, type Column } from '../../components/data-table.tsx';
import { latencyColumns, MtlsCell, SuccessCell } from '../../components/golden-cells.tsx';
import { To } from '../../components/link.tsx';
import { useSlug, useTimeRange } from '../../components/location.ts';
import { useNowMs } from '../../components/now.ts';
import { Empty, Loaded, Sentence, useTitle } from '../../components/page.tsx';
import { plain, plural } from '../../format/number.ts';
import { overallStatus, STATUS_LOOKS } from '../../format/status.ts';
import { ago, until } from '../../format/time.ts';
import { paths } from '../../paths.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Status } from '../../ui/glyph.tsx';
import { WorstLine } from './worst-line.tsx';

/** Certificates that end sooner than this stand out. */
const CERTIFICATE_SOON_MS = 3_600_000;

export function FleetPage(): React.JSX.Element {
  const slug = useSlug();
  const range = useTimeRange();
  const nowMs = useNowMs();
  useTitle('Fleet');
  const health = useQuery(apiQuery('getHealth', { params: { slug }, query: rangeQuery(range) }, { pollMs: pollMs(range) }));
  return (
    <Loaded query={health}>
      {({ clusters, sentence }) => (clusters.length === 0 ? <NoClusters slug={slug} /> : (
        <>
          <Sentence text={sentence} status={overallStatus(clusters.map((cluster) => cluster.status))} aside={<To to={paths.connect(slug)} className={buttonClass()}>Connect a cluster</To>} />
          <DataTable label="Clusters" rows={clusters} columns={columnsAt(nowMs)} rowKey={(cluster) => cluster.id} initialSort={{ key: 'health', descending: false }} href={(cluster) => paths.topology(slug, cluster.id)} />
          <StripNote strips={clusters.map((cluster) => cluster.strip)} />
          <ul className="mt-6 space-y-1.5">
            {clusters.map((cluster) => cluster.worst !== null && <WorstLine key={cluster.id} slug={slug} cluster={cluster} worst={cluster.worst} />)}
          </ul>
          <p className="mt-6 text-xs text-faint">{plural(clusters.reduce((sum, cluster) => sum + cluster.workloads, 0), 'workload')} behind {plural(clusters.reduce((sum, cluster) => sum + cluster.proxies.total, 0), 'proxy', 'proxies')}</p>
        </>
      ))}
    </Loaded>
  );
}

function NoClusters({ slug }: { slug: string }): React.JSX.Element {
  return (
    <Empty title="No cluster is connected yet" action={<To to={paths.connect(slug)} className={buttonClass('primary')}>Connect your first cluster</To>}>
      One paste on a host, and its services, their success rates and who calls whom appear here while you watch.
    </Empty>
  );
}

function columnsAt(nowMs: number): Column<HealthCluster>[] {
  return [
    { key: 'name', head: 'cluster', sort: (cluster) => cluster.name, cell: (cluster) => <span className="font-medium">{cluster.name}</span> },
    { key: 'health', head: 'health', sort: (cluster) => STATUS_LOOKS[cluster.status].rank, cell: (cluster) => <Status status={cluster.status} /> },
    { key: 'strip', head: 'last 24 h', className: 'hidden lg:table-cell', cell: (cluster) => <Strip strip={cluster.strip} /> },
    { key: 'success', head: 'success', numeric: true, sort: (cluster) => cluster.successRate, cell: (cluster) => <SuccessCell successRate={cluster.successRate} status={cluster.status} /> },
    { key: 'rps', head: 'rate', unit: '/s', numeric: true, sort: (cluster) => cluster.requestsPerSecond, cell: (cluster) => plain(cluster.requestsPerSecond) },
    ...latencyColumns((cluster: HealthCluster) => cluster.latencyMs),
    { key: 'mtls', head: 'mTLS', numeric: true, className: 'hidden sm:table-cell', sort: (cluster) => cluster.mtlsShare, cell: (cluster) => <MtlsCell share={cluster.mtlsShare} /> },
    { key: 'proxies', head: 'proxies', unit: 'ready', numeric: true, className: 'hidden md:table-cell', sort: (cluster) => cluster.proxies.ready, cell: (cluster) => <Proxies cluster={cluster} /> },
    { key: 'versions', head: 'version', className: 'hidden 2xl:table-cell', cell: (cluster) => <span className="text-muted">{cluster.proxies.versions.join(', ') || '–'}</span> },
    { key: 'certs', head: 'certs', numeric: true, className: 'hidden xl:table-cell', title: 'Until the first certificate of the cluster expires', sort: (cluster) => cluster.certificateNotAfter, cell: (cluster) => <Certificates notAfter={cluster.certificateNotAfter} nowMs={nowMs} /> },
    { key: 'agent', head: 'agent', numeric: true, className: 'hidden sm:table-cell', title: 'Since the agent was last heard', sort: (cluster) => cluster.lastSeen, cell: (cluster) => <span className={cluster.agent.connected ? 'text-muted' : 'text-degraded'}>{ago(cluster.lastSeen, nowMs)}</span> },
    { key: 'incidents', head: 'incidents', numeric: true, sort: (cluster) => cluster.openIncidents, cell: (cluster) => (cluster.openIncidents === 0 ? <span className="text-faint">–</span> : <span className="text-failing">{cluster.openIncidents} open</span>) },
  ];
}

function Proxies({ cluster }: { cluster: HealthCluster }): React.JSX.Element {
  const { ready, total } = cluster.proxies;
  if (total === 0) return <span className="text-faint">–</span>;
  return <span className={ready < total ? 'text-degraded' : 'text-muted'}>{ready}<span className="text-faint">/{total}</span></span>;
}

function Certificates({ notAfter, nowMs }: { notAfter: string | null; nowMs: number }): React.JSX.Element {
  const soon = notAfter !== null && Date.parse(notAfter) - nowMs < CERTIFICATE_SOON_MS;
  return <span className={soon ? 'text-degraded' : 'text-muted'}>{until(notAfter, nowMs)}</span>;
}

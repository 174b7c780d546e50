/** Workload: how is it, who suffers, whose fault? */
import { useQuery } from '@tanstack/react-query';
import { Fragment, useMemo } from 'react';
import { apiQuery } from '../../api/queries.ts';
import { pollMs, rangeQuery, type TimeRange } from '../../api/range.ts';
import type { Incident, Workload } from '../../../cloud/wire/entities.ts';
import { GoldenCharts } from '../../charts/golden-charts.tsx';
import { incidentMarks, incidentsWithin } from '../../charts/marks.ts';
import { TextLink } from '../../components/link.tsx';
import { useClusterId, useSearchText, useSetSearch, useSlug, useTimeRange } from '../../components/location.ts';
import { useNowMs } from '../../components/now.ts';
import { Loaded, Section, Sentence, Skeleton, useTitle } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { paths } from '../../paths.ts';
import { StatusGlyph } from '../../ui/glyph.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useWorkloadParts } from './workload-parts.ts';
import { FaultSplit, TimeSplit } from './splits.tsx';
import { NeighbourTable } from './neighbour-table.tsx';
import { ProxyTable } from './proxy-table.tsx';
import { RouteTable } from './route-table.tsx';

/** Incidents change slowly beside the charts. */
const INCIDENTS_POLL_MS = 5_000;

export function WorkloadPage(): React.JSX.Element {
  const parts = useWorkloadParts();
  const params = { slug: useSlug(), clusterId: useClusterId(), ...parts };
  const range = useTimeRange();
  useTitle(parts.name);
  const workload = useQuery(apiQuery('getWorkload', { params, query: rangeQuery(range) }, { pollMs: pollMs(range) }));
  return <Loaded query={workload} height={640}>{(data) => <WorkloadView workload={data} range={range} />}</Loaded>;
}

function WorkloadView({ workload, range }: { workload: Workload; range: TimeRange }): React.JSX.Element {
  const { golden, key, status } = workload.workload;
  const clusterId = useClusterId();
  return (
    <>
      <Sentence text={workload.sentence} status={status} />
      <div className="grid grid-cols-1 gap-x-8 gap-y-8 xl:grid-cols-[minmax(0,1fr)_17rem]">
        <Charts subject={`workload:${key}`} range={range} />
        <div className="grid content-start gap-6 sm:grid-cols-2 xl:grid-cols-1">
          <FaultSplit golden={golden} />
          <TimeSplit golden={golden} />
          <Facts workload={workload} />
        </div>
      </div>
      <div className="mt-8 grid grid-cols-1 gap-x-8 gap-y-8 xl:grid-cols-2">
        <Section title="Callers" aside="share of this workload's failures that each one sees">
          <NeighbourTable clusterId={clusterId} label="Callers" neighbours={workload.callers} sortKey="callers" verb="sees" />
        </Section>
        <Section title="Callees" aside="share of this workload's failed calls that each one causes">
          <NeighbourTable clusterId={clusterId} label="Callees" neighbours={workload.callees} sortKey="callees" verb="causes" />
        </Section>
      </div>
      <Details workload={workload} />
    </>
  );
}

function Charts({ subject, range }: { subject: string; range: TimeRange }): React.JSX.Element {
  const params = { slug: useSlug(), clusterId: useClusterId() };
  const nowMs = useNowMs();
  const series = useQuery(apiQuery('getSeries', { params, query: { ...rangeQuery(range), subject } }, { pollMs: pollMs(range) }));
  const incidents = useQuery(apiQuery('listIncidents', { params: { slug: params.slug }, query: { clusterId: params.clusterId } }, { pollMs: INCIDENTS_POLL_MS }));
  const minute = Math.floor(nowMs / 10_000) * 10_000;
  const marks = useMemo(() => incidentMarks(incidents.data?.incidents ?? [], minute), [incidents.data, minute]);
  if (series.data === undefined) return series.error === null ? <Skeleton height={420} /> : <ProblemNotice error={series.error} retry={() => void series.refetch()} />;
  const within = incidentsWithin(incidents.data?.incidents ?? [], series.data.range.fromMs, series.data.range.toMs, minute);
  return (
    <div className="min-w-0">
      <GoldenCharts series={series.data} marks={marks} syncKey="workload" />
      <IncidentLinks incidents={within} />
    </div>
  );
}

function IncidentLinks({ incidents }: { incidents: readonly Incident[] }): React.JSX.Element | null {
  const slug = useSlug();
  if (incidents.length === 0) return null;
  return (
    <ul aria-label="Incidents in this range" className="mt-2 space-y-1">
      {incidents.map((incident) => (
        <li key={incident.id} className="flex items-baseline gap-2 text-xs">
          <span className="translate-y-px"><StatusGlyph status={incident.state === 'open' ? 'failing' : 'ok'} size={9} label /></span>
          <TextLink to={paths.incident(slug, incident.id)}>{incident.sentence}</TextLink>
        </li>
      ))}
    </ul>
  );
}

function Facts({ workload }: { workload: Workload }): React.JSX.Element {
  const rows = [
    ['Identity', workload.identity === null ? null : <Breakable key="identity" text={workload.identity} />], ['Service account', workload.serviceAccount], ['Services', workload.services.join(', ') || null],
    ['Instances', `${workload.workload.instances}${workload.workload.meshed ? '' : ', not all meshed'}`],
  ] as const;
  return (
    <Section title="What it is">
      <dl className="space-y-1.5">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt className="text-2xs text-faint">{name}</dt>
            <dd className="break-words">{value ?? <span className="text-faint">not known</span>}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

/** A dotted name that may break after its dots and is still copied as it is. */
function Breakable({ text }: { text: string }): React.JSX.Element {
  return <>{text.split('.').map((part, at) => <Fragment key={at}>{at > 0 && <>.<wbr /></>}{part}</Fragment>)}</>;
}

function Details({ workload }: { workload: Workload }): React.JSX.Element {
  const setSearch = useSetSearch();
  const open = useSearchText('tab') === 'proxies' ? 'proxies' : 'routes';
  return (
    <div className="mt-8">
      <Tabs
        label="Details" open={open} onOpen={(tab) => setSearch({ tab: tab === 'routes' ? undefined : tab }, true)}
        tabs={[
          { key: 'routes', label: 'Routes', note: String(workload.routes.length), content: <RouteTable routes={workload.routes} /> },
          { key: 'proxies', label: 'Proxies', note: String(workload.proxies.length), content: <ProxyTable proxies={workload.proxies} /> },
        ]}
      />
    </div>
  );
}

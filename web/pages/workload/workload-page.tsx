/** Workload: how is it, who suffers, whose fault? */
import { useQuery } from '@tanstack/react-query';
import { Fragment } from 'react';
import { apiQuery } from '../../api/queries.ts';
import { pollMs, rangeQuery, type TimeRange } from '../../api/range.ts';
import type { Workload } from '../../../cloud/wire/entities.ts';
import { useClusterId, useSearchText, useSetSearch, useSlug, useTimeRange } from '../../components/location.ts';
import { Loaded, Section, Sentence, useTitle } from '../../components/page.tsx';
import { TextLink } from '../../components/link.tsx';
import { count } from '../../format/number.ts';
import { paths } from '../../paths.ts';
import { Tabs } from '../../ui/tabs.tsx';
import { useWorkloadParts } from './workload-parts.ts';
import { FaultSplit, TimeSplit } from './splits.tsx';
import { NeighbourTable } from './neighbour-table.tsx';
import { ProxyTable } from './proxy-table.tsx';
import { RouteTable } from './route-table.tsx';
import { SubjectCharts } from './subject-charts.tsx';
import { useSubjectSeries } from './subject-queries.ts';

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
  const subject = `workload:${key}`;
  const read = useSubjectSeries(subject, range);
  const before = read.earlier === null ? null : { golden: read.earlier.series.total, name: read.earlier.name };
  return (
    <>
      <Sentence text={workload.sentence} status={status} />
      <div className="grid grid-cols-1 gap-x-8 gap-y-8 xl:grid-cols-[minmax(0,1fr)_17rem]">
        <SubjectCharts subject={subject} range={range} read={read} />
        <div className="grid content-start gap-6 sm:grid-cols-2 xl:grid-cols-1">
          <FaultSplit golden={golden} before={before} />
          <TimeSplit golden={golden} before={before} />
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

function Facts({ workload }: { workload: Workload }): React.JSX.Element {
  const rows = [
    ['Identity', workload.identity === null ? null : <Breakable key="identity" text={workload.identity} />], ['Service account', workload.serviceAccount], ['Services', workload.services.join(', ') || null],
    ['Instances', `${workload.workload.instances}${workload.workload.meshed ? '' : ', not all meshed'}`],
    ...(workload.workload.open === undefined ? [] : [['Calls under way now', `${count(workload.workload.open)} open`] as const]),
  ] as const;
  return (
    <Section title="What it is" aside={<TextLink to={paths.tap(useSlug(), useClusterId())} search={{ workload: workload.workload.key }}>Tap</TextLink>}>
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

/** Edge: how is this way from caller to callee, since when, and whose fault? */
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { TopologyEdge } from '../../../cloud/wire/entities.ts';
import { apiQuery } from '../../api/queries.ts';
import { pollMs, rangeQuery, type TimeRange } from '../../api/range.ts';
import { TextLink, To } from '../../components/link.tsx';
import { useClusterId, useSearchText, useSlug, useTimeRange } from '../../components/location.ts';
import { Empty, Loaded, Section, Sentence, useTitle } from '../../components/page.tsx';
import { count } from '../../format/number.ts';
import { paths, shortName } from '../../paths.ts';
import { buttonClass } from '../../ui/button.tsx';
import { TlsMark } from '../../ui/tls-mark.tsx';
import { CallerTimeSplit, FaultSplit, TimeSplit } from '../workload/splits.tsx';
import { SubjectCharts } from '../workload/subject-charts.tsx';
import { useSubjectSeries } from '../workload/subject-queries.ts';
import { edgeSentence, endName } from './edge-sentence.ts';

export function EdgePage(): React.JSX.Element {
  const params = { slug: useSlug(), clusterId: useClusterId() };
  const id = useSearchText('id') ?? '';
  const range = useTimeRange();
  const topology = useQuery(apiQuery('getTopology', { params, query: rangeQuery(range) }, { pollMs: pollMs(range) }));
  const found = topology.data?.edges.find((edge) => edge.id === id);
  useTitle(found === undefined ? 'Edge' : `${endName(found.source)} → ${endName(found.target)}`);
  return <Loaded query={topology} height={640}>{() => (found === undefined ? <Absent {...params} /> : <EdgeView edge={found} range={range} />)}</Loaded>;
}

function Absent({ slug, clusterId }: { slug: string; clusterId: string }): React.JSX.Element {
  return (
    <Empty title="This edge had no traffic in the range" action={<To to={paths.topology(slug, clusterId)} className={buttonClass('primary')}>To the graph</To>}>
      An edge is known by its traffic. Choose a longer or an earlier range, or look in the graph who talks to whom.
    </Empty>
  );
}

function EdgeView({ edge, range }: { edge: TopologyEdge; range: TimeRange }): React.JSX.Element {
  const subject = `edge:${edge.id}`;
  const read = useSubjectSeries(subject, range);
  const golden = read.series.data?.total ?? edge.golden;
  const before = read.earlier === null ? null : { golden: read.earlier.series.total, name: read.earlier.name };
  return (
    <>
      <Sentence text={edgeSentence(edge)} status={edge.status} />
      <div className="grid grid-cols-1 gap-x-8 gap-y-8 xl:grid-cols-[minmax(0,1fr)_17rem]">
        <SubjectCharts subject={subject} range={range} read={read} />
        <div className="grid content-start gap-6 sm:grid-cols-2 xl:grid-cols-1">
          <FaultSplit golden={golden} before={before} />
          {edge.source === 'outside' ? <TimeSplit golden={golden} before={before} /> : <CallerTimeSplit golden={golden} before={before} />}
          <Facts edge={edge} />
        </div>
      </div>
    </>
  );
}

function Facts({ edge }: { edge: TopologyEdge }): React.JSX.Element {
  return (
    <Section title="What it is">
      <dl className="space-y-1.5">
        <Fact name="Caller"><End workload={edge.source} /></Fact>
        <Fact name="Callee"><End workload={edge.target} /></Fact>
        <Fact name="By way of the service">{edge.service === '' ? <span className="text-faint">not known</span> : edge.service}</Fact>
        <Fact name="Protocol">{edge.protocol}</Fact>
        {edge.open !== undefined && <Fact name="Under way now">{`${count(edge.open)} open`}</Fact>}
        <Fact name="On the wire"><span className="flex items-center gap-1.5"><TlsMark tls={edge.tls} />{edge.tls === 'mtls' ? 'mutual TLS' : 'plain text'}</span></Fact>
      </dl>
    </Section>
  );
}

/** Only a workload's key has three parts; a service and what lies outside have no page. */
function End({ workload }: { workload: string }): React.JSX.Element {
  const slug = useSlug();
  const clusterId = useClusterId();
  if (workload.split('/').length < 3) return <span className="break-words">{workload === 'outside' ? 'outside the mesh' : workload.replace(/^service:/, 'service ')}</span>;
  return <TextLink to={paths.workload(slug, clusterId, workload)} className="font-medium">{shortName(workload)}</TextLink>;
}

function Fact({ name, children }: { name: string; children: ReactNode }): React.JSX.Element {
  return (
    <div>
      <dt className="text-2xs text-faint">{name}</dt>
      <dd className="break-words">{children}</dd>
    </div>
  );
}

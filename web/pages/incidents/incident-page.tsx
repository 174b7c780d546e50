/** Why: the sentence, the way from symptom to origin, the chart around it, who suffers, what to try. One link to share. */
import { useQuery } from '@tanstack/react-query';
import { Link2 } from 'lucide-react';
import { useMemo, useState, type ReactNode } from 'react';
import type { Incident } from '../../../cloud/wire/entities.ts';
import { apiQuery } from '../../api/queries.ts';
import { GoldenCharts } from '../../charts/golden-charts.tsx';
import { incidentMarks } from '../../charts/marks.ts';
import { TextLink } from '../../components/link.tsx';
import { useId, useSlug } from '../../components/location.ts';
import { useNowMs } from '../../components/now.ts';
import { Loaded, Section, Sentence, Skeleton, useTitle } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { percent } from '../../format/number.ts';
import { clock, moment, span } from '../../format/time.ts';
import { paths, shortName, workloadParts } from '../../paths.ts';
import { Button } from '../../ui/button.tsx';
import { NeighbourTable } from '../workload/neighbour-table.tsx';
import { around, subjectOf } from './around.ts';
import { lastedMs } from './incidents-page.tsx';
import { PathChain } from './path-chain.tsx';
import { advice } from './advice.ts';

const POLL_MS = 3_000;
const DATA_POLL_MS = 5_000;

export function IncidentPage(): React.JSX.Element {
  const params = { slug: useSlug(), id: useId() };
  const incident = useQuery(apiQuery('getIncident', { params }, { pollMs: POLL_MS }));
  useTitle(incident.data === undefined ? 'Incident' : `Why: ${incident.data.ruleName}`);
  return <Loaded query={incident} height={640}>{(data) => <Why incident={data} />}</Loaded>;
}

function Why({ incident }: { incident: Incident }): React.JSX.Element {
  const origin = incident.path.at(-1) ?? null;
  return (
    <>
      <Sentence text={incident.sentence} status={incident.state === 'open' ? 'failing' : 'ok'} aside={<ShareButton />} />
      <Facts incident={incident} />
      <div className="mt-8 grid grid-cols-1 gap-x-10 gap-y-8 xl:grid-cols-[minmax(0,1fr)_19rem]">
        <div className="min-w-0 space-y-8">
          <Section title="From symptom to origin"><PathChain incident={incident} /></Section>
          <Around incident={incident} />
          {origin?.workload != null && <Sufferers incident={incident} origin={origin.workload} />}
        </div>
        <div className="space-y-8">
          <Try incident={incident} />
          <Events incident={incident} />
        </div>
      </div>
    </>
  );
}

function ShareButton(): React.JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = (): void => void navigator.clipboard.writeText(location.href).then(() => setCopied(true));
  return <Button onClick={copy}><Link2 size={14} aria-hidden /><span aria-live="polite">{copied ? 'Link copied' : 'Copy the link'}</span></Button>;
}

function Facts({ incident }: { incident: Incident }): React.JSX.Element {
  const slug = useSlug();
  const nowMs = useNowMs();
  return (
    <dl className="flex flex-wrap gap-x-8 gap-y-3 border-y border-line py-3">
      <Fact name="State">{incident.state === 'open' ? <span className="text-failing">open</span> : 'resolved'} for {span(incident.resolvedAt === null ? lastedMs(incident, nowMs) : nowMs - Date.parse(incident.resolvedAt))}</Fact>
      <Fact name="Opened">{moment(Date.parse(incident.openedAt))}</Fact>
      {incident.resolvedAt !== null && <Fact name="Lasted">{span(lastedMs(incident, nowMs))}</Fact>}
      <Fact name="Success now">{percent(incident.successRate)}</Fact>
      <Fact name="Worst">{percent(incident.worstSuccessRate)}</Fact>
      <Fact name="Line">{percent(incident.threshold)}</Fact>
      <Fact name="Cluster"><TextLink to={paths.topology(slug, incident.clusterId)}>{incident.clusterName}</TextLink></Fact>
      <Fact name="Rule"><TextLink to={paths.rule(slug, incident.ruleId)}>{incident.ruleName}</TextLink></Fact>
      <Fact name="Severity">{incident.severity}</Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }): React.JSX.Element {
  return (
    <div>
      <dt className="text-2xs text-faint">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function useAround(incident: Incident): { fromMs: number; toMs: number } {
  const nowMs = useNowMs();
  const tick = Math.floor(nowMs / 10_000) * 10_000;
  return useMemo(() => around(incident, tick), [incident.openedAt, incident.resolvedAt, tick]);
}

function Around({ incident }: { incident: Incident }): React.JSX.Element {
  const params = { slug: useSlug(), clusterId: incident.clusterId };
  const range = useAround(incident);
  const { subject, name } = subjectOf(incident);
  const series = useQuery(apiQuery('getSeries', { params, query: { ...range, subject } }, { pollMs: incident.state === 'open' ? DATA_POLL_MS : false }));
  const marks = useMemo(() => incidentMarks([incident], range.toMs), [incident, range.toMs]);
  return (
    <Section title={`Around it: ${name}`}>
      {series.data === undefined ? (series.error === null ? <Skeleton height={380} /> : <ProblemNotice error={series.error} />) : <GoldenCharts series={series.data} marks={marks} syncKey="incident" threshold={incident.threshold * 100} height={96} />}
    </Section>
  );
}

function Sufferers({ incident, origin }: { incident: Incident; origin: string }): React.JSX.Element {
  const range = useAround(incident);
  const params = { slug: useSlug(), clusterId: incident.clusterId, ...workloadParts(origin) };
  const workload = useQuery(apiQuery('getWorkload', { params, query: { fromMs: Date.parse(incident.openedAt) - 60_000, toMs: range.toMs } }));
  return (
    <Section title="Who suffers" aside={`callers of ${shortName(origin)} since it began`}>
      <Loaded query={workload} height={80}>{(data) => <NeighbourTable clusterId={incident.clusterId} label="Who suffers" neighbours={data.callers} sortKey="callers" verb="sees" />}</Loaded>
    </Section>
  );
}

function Try({ incident }: { incident: Incident }): React.JSX.Element {
  const slug = useSlug();
  const origin = incident.path.at(-1)?.workload ?? incident.scope.workload;
  return (
    <Section title="What to try">
      <ol className="list-decimal space-y-2 pl-4 text-muted marker:text-faint">
        {advice(incident).map((line) => <li key={line}>{line}</li>)}
        {origin !== null && <li><TextLink to={paths.workload(slug, incident.clusterId, origin)} className="text-ink">Open {shortName(origin)}</TextLink> for its routes, proxies and certificates.</li>}
      </ol>
    </Section>
  );
}

function Events({ incident }: { incident: Incident }): React.JSX.Element {
  const events = incident.events.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return (
    <Section title="What happened">
      <ol className="space-y-2.5">
        {events.map((event) => (
          <li key={`${event.at}${event.kind}${event.text}`} className="flex gap-3">
            <time dateTime={event.at} className="w-14 shrink-0 text-xs tabular-nums leading-5 text-faint">{clock(Date.parse(event.at))}</time>
            <span className={event.kind === 'updated' ? 'text-muted' : ''}>{event.text}</span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

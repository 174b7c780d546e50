/** The stacked charts of a workload or an edge, with the incidents of their range beneath. */
import type { Incident } from '../../../cloud/wire/entities.ts';
import type { TimeRange } from '../../api/range.ts';
import { GoldenCharts } from '../../charts/golden-charts.tsx';
import { incidentsWithin } from '../../charts/marks.ts';
import { TextLink } from '../../components/link.tsx';
import { useComparisonKey, useSlug } from '../../components/location.ts';
import { useNowMs } from '../../components/now.ts';
import { Skeleton } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { comparedSentence } from '../../format/compared.ts';
import { paths } from '../../paths.ts';
import { StatusGlyph } from '../../ui/glyph.tsx';
import { useHappened, useHeatmap, type SubjectSeries } from './subject-queries.ts';

interface Props {
  /** As the API's series take it. */
  readonly subject: string;
  readonly range: TimeRange;
  readonly read: SubjectSeries;
}

export function SubjectCharts({ subject, range, read }: Props): React.JSX.Element {
  const { series, earlier } = read;
  const heatmap = useHeatmap(subject, range);
  const happened = useHappened(range);
  const nowMs = useNowMs();
  if (series.data === undefined) return series.error === null ? <Skeleton height={480} /> : <ProblemNotice error={series.error} retry={() => void series.refetch()} />;
  const within = incidentsWithin(happened.incidents, series.data.range.fromMs, series.data.range.toMs, nowMs);
  return (
    <div className="min-w-0">
      <Compared read={read} />
      <GoldenCharts series={series.data} earlier={earlier} heatmap={heatmap} marks={happened.marks} reasons={happened.reasons} syncKey={subject} />
      <IncidentLinks incidents={within} />
    </div>
  );
}

/** What differs from the earlier range, in one line whose place is kept while it is on its way. */
function Compared({ read: { series, earlier } }: { read: SubjectSeries }): React.JSX.Element | null {
  const key = useComparisonKey();
  if (key === null || series.data === undefined) return null;
  return <p className="mb-2 min-h-5 text-muted" data-testid="compared">{earlier === null ? '' : comparedSentence(series.data.total, earlier.series.total, earlier.name)}</p>;
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

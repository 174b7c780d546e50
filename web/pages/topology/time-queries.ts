/** What the topology page asks for beyond the graph of its range: the slider's marks, the other moment, what else may be drawn. */
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { apiQuery } from '../../api/queries.ts';
import { spanMsOf } from '../../api/range.ts';
import type { Topology } from '../../../cloud/wire/entities.ts';
import { historyMarks, incidentMarks } from '../../charts/marks.ts';
import type { Mark } from '../../charts/plot.tsx';
import { useClusterId, useSearchText, useSlug, useTimeRange } from '../../components/location.ts';
import { useNowMs } from '../../components/now.ts';
import { changesQuery, type TwoMoments } from './changes-list.tsx';
import { compared, unchanged, type ComparedGraph } from './compared.ts';
import { readReach, scaleOf, type Scale } from './moments.ts';
import { visibleGraph, type VisibleGraph } from './visible.ts';

const MARKS_POLL_MS = 30_000;
/** The present, as a moment to compare, moves in steps, so that the comparison isn't asked for anew each second. */
const PRESENT_STEP_MS = 60_000;
/** The longest range of the API, less a little for its rounding. */
const RANGE_MS_MAX = 30 * 86_400_000;

export interface ShownMoments {
  /** Null: the present. */
  readonly atMs: number | null;
  readonly withMs: number | null;
  /** Both, the earlier first; null without a comparison. */
  readonly between: TwoMoments | null;
}

/** The moment of the graph and the one to compare with, from the URL. */
export function useMoments(): ShownMoments {
  const range = useTimeRange();
  const text = Number(useSearchText('with'));
  const nowMs = useNowMs();
  const present = Math.floor(nowMs / PRESENT_STEP_MS) * PRESENT_STEP_MS;
  const atMs = range.kind === 'asof' ? range.atMs : range.kind === 'custom' ? range.toMs : null;
  const withMs = Number.isSafeInteger(text) && text > 0 && text < (atMs ?? present) ? text : null;
  return useMemo(() => ({ atMs, withMs, between: withMs === null ? null : { fromMs: withMs, toMs: atMs ?? present } }), [atMs, withMs, withMs === null ? 0 : present]);
}

/** The slider's scale and what happened on it. While marks can't be read, the incidents stand in for them. */
export function useTimeScale({ atMs, withMs }: ShownMoments): { scale: Scale; marks: readonly Mark[]; nowMs: number } {
  const params = { slug: useSlug(), clusterId: useClusterId() };
  const nowMs = useNowMs();
  const scale = scaleOf(readReach(useSearchText('reach')), [atMs, withMs], nowMs);
  const marks = useQuery(apiQuery('listMarks', { params, query: { fromMs: scale.fromMs, toMs: scale.toMs } }, { pollMs: MARKS_POLL_MS }));
  const incidents = useQuery(apiQuery('listIncidents', { params: { slug: params.slug }, query: { clusterId: params.clusterId } }, { pollMs: MARKS_POLL_MS }));
  const tick = Math.floor(nowMs / scale.stepMs) * scale.stepMs;
  const drawn = useMemo(() => (marks.data === undefined ? incidentMarks(incidents.data?.incidents ?? [], tick) : historyMarks(marks.data.marks, tick)), [marks.data, incidents.data, tick]);
  return { scale, marks: drawn, nowMs };
}

/** The graph of the range; with another moment chosen, both as one. */
export function useComparedGraph(topology: Topology, turned: ReadonlySet<string>, { withMs, between }: ShownMoments): ComparedGraph {
  const params = { slug: useSlug(), clusterId: useClusterId() };
  const range = useTimeRange();
  const before = useQuery(apiQuery('getTopology', { params, query: { fromMs: (withMs ?? 0) - spanMsOf(range), toMs: withMs ?? 0 } }, { enabled: withMs !== null }));
  const told = useQuery(changesQuery(params, between));
  const other = withMs === null || before.isPlaceholderData ? null : (before.data ?? null);
  return useMemo(() => {
    if (other === null) return unchanged(visibleGraph(topology, turned));
    const changed = (told.data?.changes ?? []).filter((each) => each.change === 'changed').map((each) => each.key);
    return compared(other, topology, turned, new Set(changed));
  }, [topology, turned, other, told.data]);
}

/** All that was there on the whole scale, once time is moved: its places are kept free, so that nothing jumps. */
export function useUpcoming({ fromMs, toMs }: Scale, turned: ReadonlySet<string>, { atMs, withMs }: ShownMoments): VisibleGraph | null {
  const params = { slug: useSlug(), clusterId: useClusterId() };
  const moved = atMs !== null || withMs !== null;
  const all = useQuery(apiQuery('getTopology', { params, query: { fromMs: Math.max(fromMs, toMs - RANGE_MS_MAX), toMs } }, { enabled: moved }));
  return useMemo(() => (all.data === undefined ? null : visibleGraph(all.data, turned)), [all.data, turned]);
}

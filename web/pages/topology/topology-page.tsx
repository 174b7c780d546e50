/** Topology: who talks to whom, and where does it hurt? The graph at a moment, the same edges as a ranked list, and what differs. */
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo } from 'react';
import { apiQuery } from '../../api/queries.ts';
import { asOf, pollMs, rangeQuery, searchOf } from '../../api/range.ts';
import type { Topology } from '../../../cloud/wire/entities.ts';
import { useClusterId, useSearchText, useSetSearch, useSlug, useTimeRange } from '../../components/location.ts';
import { Empty, Loaded, Sentence, useTitle } from '../../components/page.tsx';
import { To } from '../../components/link.tsx';
import { overallStatus } from '../../format/status.ts';
import { paths } from '../../paths.ts';
import { buttonClass } from '../../ui/button.tsx';
import { ChangesList } from './changes-list.tsx';
import { EdgeList } from './edge-list.tsx';
import { Graph } from './graph.tsx';
import { warmUp } from './layout.ts';
import { NodePanel } from './node-panel.tsx';
import { useComparedGraph, useMoments, useTimeScale, useUpcoming, type ShownMoments } from './time-queries.ts';
import { TimeSlider } from './time-slider.tsx';

export function TopologyPage(): React.JSX.Element {
  const params = { slug: useSlug(), clusterId: useClusterId() };
  const range = useTimeRange();
  const topology = useQuery(apiQuery('getTopology', { params, query: rangeQuery(range) }, { pollMs: pollMs(range) }));
  const cluster = useQuery(apiQuery('getCluster', { params }));
  const moments = useMoments();
  useTitle(cluster.data?.name ?? 'Topology');
  // A browser without workers shows its fault where the graph would be.
  useEffect(() => void warmUp().catch(() => undefined), []);
  const past = moments.atMs !== null || moments.withMs !== null;
  return <Loaded query={topology} height={560}>{(data) => (data.nodes.length === 0 && !past ? <Silent {...params} /> : <TopologyView key={params.clusterId} topology={data} live={range.kind === 'live'} moments={moments} />)}</Loaded>;
}

function Silent({ slug, clusterId }: { slug: string; clusterId: string }): React.JSX.Element {
  return (
    <Empty title="Nothing talks yet in this range" action={<To to={paths.connection(slug, clusterId)} className={buttonClass('primary')}>See how far the connecting is</To>}>
      Once the agent is online and a proxy has seen a request, the graph draws itself within seconds.
    </Empty>
  );
}

function TopologyView({ topology, live, moments }: { topology: Topology; live: boolean; moments: ShownMoments }): React.JSX.Element {
  const setSearch = useSetSearch();
  const selected = useSearchText('node') ?? null;
  const turnedText = useSearchText('turned') ?? '';
  const turned = useMemo(() => new Set(turnedText.split(',').filter((namespace) => namespace !== '')), [turnedText]);
  const { scale, marks, nowMs } = useTimeScale(moments);
  const { graph, changes } = useComparedGraph(topology, turned, moments);
  const upcoming = useUpcoming(scale, turned, moments);
  const range = useTimeRange();
  const select = useCallback((key: string | null) => setSearch({ node: key ?? undefined }, true), [turnedText]);
  const turn = useCallback((namespace: string) => {
    const next = turned.has(namespace) ? [...turned].filter((each) => each !== namespace) : [...turned, namespace];
    setSearch({ turned: next.length === 0 ? undefined : next.join(','), node: undefined }, true);
  }, [turned]);
  const chosen = topology.nodes.find((node) => node.key === selected);
  return (
    <div className="flex min-h-0 flex-col">
      <Sentence text={topology.sentence} status={overallStatus([...topology.nodes, ...topology.edges].map((each) => each.status))} />
      <div className="grid grid-cols-1 gap-x-6 gap-y-6 xl:grid-cols-[minmax(0,1fr)_23rem]">
        <div className="min-w-0 space-y-2">
          <section aria-label="Graph" className="h-[56dvh] min-h-[360px] overflow-hidden rounded-lg border border-line xl:h-[calc(100dvh-16.75rem)]">
            {graph.nodes.length === 0 && changes.size === 0
              ? <p className="p-6 text-center text-muted">Nothing is known of this moment. Move the slider to a later one.</p>
              : <Graph graph={graph} changes={changes} upcoming={upcoming} selected={chosen === undefined ? null : chosen.key} moving={live} onSelect={select} onTurn={turn} />}
          </section>
          <TimeSlider
            scale={scale} marks={marks} nowMs={nowMs} atMs={moments.atMs} withMs={moments.withMs}
            onMove={({ atMs, withMs }) => setSearch({ with: withMs ?? undefined, ...(atMs === moments.atMs ? {} : searchOf(asOf(range, atMs))) }, true)}
            onReach={(reach) => setSearch({ reach }, true)}
          />
        </div>
        <div className="min-w-0 xl:max-h-[calc(100dvh-10rem)] xl:overflow-y-auto">
          {chosen !== undefined && <NodePanel node={chosen} topology={topology} onClose={() => select(null)} onSelect={select} />}
          {moments.between !== null && <ChangesList moments={moments.between} onSelect={select} />}
          <EdgeList topology={topology} selected={chosen?.key ?? null} onSelect={select} />
        </div>
      </div>
    </div>
  );
}

/** The graph's edges as a list, the most troubled first: the same data for the keyboard and the screen reader. */
import { clsx } from 'clsx';
import { useState } from 'react';
import type { Topology, TopologyEdge } from '../../../cloud/wire/entities.ts';
import { To } from '../../components/link.tsx';
import { useClusterId, useSlug } from '../../components/location.ts';
import { Section } from '../../components/page.tsx';
import { compact, latency, percent, plural, rate } from '../../format/number.ts';
import { paths, shortName } from '../../paths.ts';
import { EXCEPTION_COLOURS, StatusGlyph } from '../../ui/glyph.tsx';
import { TlsMark } from '../../ui/tls-mark.tsx';
import { ranked } from './visible.ts';

/** Rows shown before one asks for all. */
const ROWS_FIRST = 14;

export function EdgeList({ topology, selected, onSelect }: { topology: Topology; selected: string | null; onSelect: (key: string) => void }): React.JSX.Element {
  const [all, setAll] = useState(false);
  const edges = ranked(topology.edges).filter((edge) => selected === null || edge.source === selected || edge.target === selected);
  const shown = all ? edges : edges.slice(0, ROWS_FIRST);
  const troubled = edges.filter((edge) => edge.status === 'failing' || edge.status === 'degraded').length;
  return (
    <Section title={selected === null ? 'Edges, most troubled first' : 'Its edges'} aside={troubled === 0 ? plural(edges.length, 'edge') : `${troubled} of ${edges.length} in trouble`}>
      <ol className="border-t border-line-strong" aria-label="Edges">
        {shown.map((edge) => <Row key={edge.id} edge={edge} onSelect={onSelect} />)}
      </ol>
      {edges.length > shown.length && <button type="button" className="mt-2 text-xs text-muted underline underline-offset-3 hover:text-ink" onClick={() => setAll(true)}>Show all {edges.length}</button>}
    </Section>
  );
}

function nameOf(key: string): string {
  return key === 'outside' ? 'outside' : shortName(key);
}

function Row({ edge, onSelect }: { edge: TopologyEdge; onSelect: (key: string) => void }): React.JSX.Element {
  const { golden } = edge;
  const http = golden.successRate !== null;
  const slug = useSlug();
  const clusterId = useClusterId();
  return (
    <li className={clsx('flex border-b border-line', edge.status === 'failing' && 'bg-failing-tint', edge.status === 'degraded' && 'bg-degraded-tint')}>
      <button type="button" onClick={() => onSelect(edge.target)} className="flex min-w-0 flex-1 items-start gap-2 px-2 py-1.5 text-left hover:bg-raised">
        <span className="mt-1"><StatusGlyph status={edge.status} label /></span>
        <span className="min-w-0 flex-1">
          <span className="block truncate">{nameOf(edge.source)} <span aria-label="calls" className="text-faint">→</span> {nameOf(edge.target)}</span>
          <span className="flex items-center gap-1 text-xs text-faint">
            <TlsMark tls={edge.tls} size={10} />
            {http ? `${rate(golden.requestsPerSecond)} · p95 ${latency(golden.latencyMs.p95)}` : `${edge.protocol} · ${compact(golden.connections)} connections`}{edge.open !== undefined && ` · ${compact(edge.open)} open`}
          </span>
        </span>
      </button>
      <To to={paths.edge(slug, clusterId)} search={{ id: edge.id }} aria-label={`Open the edge ${nameOf(edge.source)} to ${nameOf(edge.target)}`} className={clsx('flex shrink-0 items-start px-2 py-1.5 tabular-nums underline decoration-line-strong underline-offset-3 hover:bg-raised hover:decoration-ink', EXCEPTION_COLOURS[edge.status])}>
        {http ? percent(golden.successRate) : 'open'}
      </To>
    </li>
  );
}

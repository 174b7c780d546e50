/** The graph: boxes, frames and edges where the layout put them, with the numbers of now on them. */
import { Controls, EdgeLabelRenderer, Handle, MarkerType, Panel, Position, ReactFlow, useReactFlow, type Edge, type EdgeProps, type Node, type NodeProps } from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import './graph.css';
import { clsx } from 'clsx';
import { Maximize2, Minimize2 } from 'lucide-react';
import { useEffect, useMemo, useRef, useState, type RefObject } from 'react';
import type { HealthStatus } from '../../../cloud/wire/entities.ts';
import { compact, latency, percent, rate } from '../../format/number.ts';
import { STATUS_LOOKS } from '../../format/status.ts';
import { EXCEPTION_COLOURS, StatusGlyph } from '../../ui/glyph.tsx';
import { TlsMark } from '../../ui/tls-mark.tsx';
import { CHANGE_LOOKS, withSeen, type Change } from './compared.ts';
import { curvePath } from './curve.ts';
import { betterFit, type Size } from './fit.ts';
import { BOX, layOut, structureOf, type Direction, type Layout, type Line } from './layout.ts';
import { edgeWidth, neighbourhood, type VisibleEdge, type VisibleGraph, type VisibleNode } from './visible.ts';

interface GraphProps {
  readonly graph: VisibleGraph;
  /** What differs from the moment that is compared with. */
  readonly changes: ReadonlyMap<string, Change>;
  /** What may be drawn soon: its places are kept free, so that nothing moves when it comes. */
  readonly upcoming: VisibleGraph | null;
  readonly selected: string | null;
  readonly moving: boolean;
  readonly onSelect: (key: string | null) => void;
  readonly onTurn: (namespace: string) => void;
}

type BoxNode = Node<{ node: VisibleNode; change: Change | null; dimmed: boolean; selected: boolean; onSelect: (key: string) => void; onTurn: (namespace: string) => void }, 'box'>;
type FrameNode = Node<{ namespace: string; dimmed: boolean; onTurn: (namespace: string) => void }, 'frame'>;
type TrafficEdge = Edge<{ edge: VisibleEdge; change: Change | null; line: Line; dimmed: boolean; moving: boolean }, 'traffic'>;

const EDGE_COLOURS = {
  ok: 'var(--line-strong)', degraded: 'var(--degraded)', failing: 'var(--failing)', nodata: 'var(--line-strong)', stale: 'var(--line-strong)',
} as const satisfies Record<HealthStatus, string>;

const NODE_TYPES = { box: Box, frame: Frame };
const EDGE_TYPES = { traffic: Traffic };
/** Below, room for the controls. */
const FIT = { padding: { top: '18px', x: '18px', bottom: '50px' }, maxZoom: 1.1, minZoom: 0.3 } as const;

export function Graph(props: GraphProps): React.JSX.Element {
  const { graph, changes, upcoming, selected, moving, onSelect, onTurn } = props;
  const host = useRef<HTMLDivElement>(null);
  const { layout, failed } = useLayout(useSeen(graph, upcoming), useSize(host));
  const near = useMemo(() => (selected === null ? null : neighbourhood(graph, selected)), [graph, selected]);
  const nodes = useMemo(() => (layout === null ? [] : [...frameNodes(layout, near?.nodes ?? null, graph, onTurn), ...boxNodes(layout, graph, changes, near?.nodes ?? null, selected, onSelect, onTurn)]), [layout, graph, changes, near, selected, onSelect, onTurn]);
  const edges = useMemo(() => (layout === null ? [] : trafficEdges(layout, graph, changes, near?.edges ?? null, moving)), [layout, graph, changes, near, moving]);
  if (failed !== null) return <p role="alert" className="p-4 text-muted">The graph can't be drawn in this browser ({failed}). The list beside it has the same data.</p>;
  return (
    <div ref={host} className="size-full">
      <ReactFlow
        nodes={nodes} edges={edges} nodeTypes={NODE_TYPES} edgeTypes={EDGE_TYPES}
        fitView fitViewOptions={FIT} minZoom={0.2} maxZoom={2}
        nodesDraggable={false} nodesConnectable={false} nodesFocusable={false} edgesFocusable={false} elementsSelectable={false}
        onPaneClick={() => onSelect(null)} panOnScroll={false} preventScrolling zoomOnDoubleClick={false}
        aria-label="Topology graph"
      >
        {layout === null && <Panel position="top-center" className="text-faint">Drawing the graph…</Panel>}
        <Controls showInteractive={false} position="bottom-left" orientation="horizontal" />
        <Refit layout={layout} />
      </ReactFlow>
    </div>
  );
}

function useSize(host: RefObject<HTMLElement | null>): Size | null {
  const [size, setSize] = useState<Size | null>(null);
  useEffect(() => {
    if (host.current === null) return;
    const observer = new ResizeObserver(([entry]) => entry !== undefined && setSize({ width: entry.contentRect.width, height: entry.contentRect.height }));
    observer.observe(host.current);
    return () => observer.disconnect();
  }, [host]);
  return size;
}

/** Fits the view whenever a new layout arrives. */
function Refit({ layout }: { layout: Layout | null }): null {
  const { fitView } = useReactFlow();
  useEffect(() => {
    if (layout === null) return;
    const frame = requestAnimationFrame(() => void fitView(FIT));
    return () => cancelAnimationFrame(frame);
  }, [layout, fitView]);
  return null;
}

/** The graph with the places of all that was seen on this page, and of what is to come. */
function useSeen(graph: VisibleGraph, upcoming: VisibleGraph | null): VisibleGraph {
  const seen = useRef<VisibleGraph | null>(null);
  return useMemo(() => {
    seen.current = withSeen(withSeen(graph, upcoming), seen.current);
    return seen.current;
  }, [graph, upcoming]);
}

function useLayout(graph: VisibleGraph, frame: Size | null): { layout: Layout | null; failed: string | null } {
  const [layouts, setLayouts] = useState<Readonly<Record<Direction, Layout>> | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const structure = structureOf(graph);
  useEffect(() => {
    let wanted = true;
    layOut(graph).then((made) => setLayouts((shown) => (wanted || shown === null ? made : shown)), (error: unknown) => wanted && setFailed(error instanceof Error ? error.message : String(error)));
    return () => {
      wanted = false;
    };
    // The numbers on the graph change each second; the layout depends on its structure alone.
  }, [structure]);
  if (layouts === null || frame === null) return { layout: null, failed };
  return { layout: layouts[betterFit(layouts.RIGHT, layouts.DOWN, frame)], failed };
}

function frameNodes(layout: Layout, near: ReadonlySet<string> | null, graph: VisibleGraph, onTurn: (namespace: string) => void): FrameNode[] {
  return graph.frames.flatMap((namespace) => {
    const placed = layout.frames.get(namespace);
    if (placed === undefined) return [];
    const dimmed = near !== null && !graph.nodes.some((node) => node.namespace === namespace && near.has(node.key));
    return [{ id: `frame:${namespace}`, type: 'frame', position: { x: placed.x, y: placed.y }, width: placed.width, height: placed.height, zIndex: -1, data: { namespace, dimmed, onTurn } }];
  });
}

function boxNodes(layout: Layout, graph: VisibleGraph, changes: ReadonlyMap<string, Change>, near: ReadonlySet<string> | null, selected: string | null, onSelect: (key: string) => void, onTurn: (namespace: string) => void): BoxNode[] {
  return graph.nodes.flatMap((node) => {
    const placed = layout.nodes.get(node.key);
    if (placed === undefined) return [];
    return [{ id: node.key, type: 'box', position: { x: placed.x, y: placed.y }, ...BOX, data: { node, change: changes.get(node.key) ?? null, selected: node.key === selected, dimmed: near !== null && !near.has(node.key), onSelect, onTurn } }];
  });
}

function trafficEdges(layout: Layout, graph: VisibleGraph, changes: ReadonlyMap<string, Change>, near: ReadonlySet<string> | null, moving: boolean): TrafficEdge[] {
  // Edges in trouble are drawn last, above the others but below the labels, which any z-index would cover.
  const order = graph.edges.toSorted((a, b) => STATUS_LOOKS[b.status].rank - STATUS_LOOKS[a.status].rank);
  return order.flatMap((edge) => {
    const line = layout.edges.get(edge.id);
    if (line === undefined || !layout.nodes.has(edge.source) || !layout.nodes.has(edge.target)) return [];
    const change = changes.get(edge.id) ?? null;
    return [{
      id: edge.id, source: edge.source, target: edge.target, type: 'traffic',
      data: { edge, change, line, dimmed: near !== null && !near.has(edge.id), moving },
      markerEnd: { type: MarkerType.ArrowClosed, width: arrowSize(edge), height: arrowSize(edge), markerUnits: 'userSpaceOnUse', color: strokeOf(edge, change) },
    }];
  });
}

/** What is gone is faint whatever its state was; what is new stands out unless it fails. */
function strokeOf(edge: VisibleEdge, change: Change | null): string {
  if (change === 'gone') return 'var(--line-strong)';
  return change === 'added' && edge.status !== 'failing' && edge.status !== 'degraded' ? 'var(--focus)' : EDGE_COLOURS[edge.status];
}

/** Arrow heads grow with their line, in px. */
function arrowSize(edge: VisibleEdge): number {
  return Math.round(12 + edgeWidth(edge.requestsPerSecond) * 2);
}

function Box({ data }: NodeProps<BoxNode>): React.JSX.Element {
  const { node, change, dimmed, selected, onSelect, onTurn } = data;
  const folded = node.kind === 'namespace';
  const label = `${node.name}, ${STATUS_LOOKS[node.status].word}, ${boxNote(node)}${folded ? `, ${node.members} workloads, opens the namespace` : ''}${change === null ? '' : `, ${CHANGE_LOOKS[change].word}`}`;
  return (
    <>
      <Handle type="target" position={Position.Left} className="invisible" />
      <button
        type="button"
        aria-label={label}
        aria-pressed={selected}
        onClick={(event) => {
          event.stopPropagation();
          if (folded) onTurn(node.namespace);
          else onSelect(node.key);
        }}
        className={clsx(
          'nopan pointer-events-auto flex size-full flex-col justify-center rounded-md border bg-surface px-2.5 text-left transition-[opacity,border-color] duration-150',
          selected ? 'border-ink ring-1 ring-ink' : change === 'gone' ? 'border-dashed border-line-strong opacity-80' : change === 'added' ? 'border-focus ring-1 ring-focus' : node.status === 'failing' ? 'border-failing' : node.status === 'degraded' ? 'border-degraded' : 'border-line-strong hover:border-faint',
          (!node.meshed || node.kind !== 'workload') && !folded && 'border-dashed',
          folded && 'shadow-[3px_3px_0_-1px_var(--surface),3px_3px_0_0_var(--line-strong)]',
          dimmed && 'opacity-25',
        )}
      >
        <span className="flex items-center gap-1.5">
          {node.kind === 'outside' ? null : <StatusGlyph status={node.status} size={10} />}
          <span className="min-w-0 flex-1 truncate text-sm leading-5 font-medium">{node.kind === 'outside' ? 'outside the mesh' : node.name}</span>
          {change !== null && <ChangeBadge change={change} />}
          {folded && <Maximize2 size={11} aria-hidden className="text-faint" />}
        </span>
        <span className="truncate text-2xs text-faint">{boxNote(node)}</span>
      </button>
      <Handle type="source" position={Position.Right} className="invisible" />
    </>
  );
}

function ChangeBadge({ change }: { change: Change }): React.JSX.Element {
  const { sign, word } = CHANGE_LOOKS[change];
  return <span className={clsx('shrink-0 rounded-[3px] px-1 text-[10px] leading-[14px] font-medium', change === 'added' ? 'bg-focus text-ground' : change === 'gone' ? 'border border-line-strong text-faint' : 'bg-ink text-ground')}>{sign} {word}</span>;
}

function boxNote(node: VisibleNode): string {
  if (node.kind === 'outside') return 'callers without a sidecar';
  if (node.kind === 'service') return 'service without a workload';
  const size = node.kind === 'namespace' ? `${compact(node.members)} workloads · ` : '';
  if (node.successRate === null) return node.connections > 0 ? `${size}${compact(node.connections)} connections` : `${size}no requests`;
  return `${size}${percent(node.successRate)} · ${rate(node.requestsPerSecond)}`;
}

function Frame({ data }: NodeProps<FrameNode>): React.JSX.Element {
  return (
    <div className={clsx('size-full rounded-lg border border-line bg-raised/55 transition-opacity duration-150', data.dimmed && 'opacity-30')}>
      <button type="button" aria-label={`Fold namespace ${data.namespace}`} onClick={() => data.onTurn(data.namespace)} className="nopan pointer-events-auto group absolute top-1.5 left-2.5 flex items-center gap-1.5 rounded px-1 text-2xs text-muted hover:text-ink">
        {data.namespace}
        <Minimize2 size={10} aria-hidden className="opacity-0 transition-opacity group-hover:opacity-100" />
      </button>
    </div>
  );
}

function Traffic({ data, markerEnd }: EdgeProps<TrafficEdge>): React.JSX.Element | null {
  if (data === undefined) return null;
  const { edge, change, line, dimmed, moving } = data;
  const path = curvePath(line.points);
  const idle = edge.requestsPerSecond <= 0 && edge.connections === 0;
  const stroke = strokeOf(edge, change);
  return (
    <>
      <g className="transition-opacity duration-150" opacity={dimmed ? 0.15 : 1}>
        <path d={path} fill="none" stroke={stroke} strokeWidth={edgeWidth(edge.requestsPerSecond)} strokeDasharray={change === 'gone' ? '6 5' : idle ? '3 4' : undefined} {...(markerEnd === undefined ? {} : { markerEnd })} />
        {moving && !idle && change !== 'gone' && <path d={path} fill="none" className="flowing" stroke="var(--ground)" strokeWidth={Math.max(1, edgeWidth(edge.requestsPerSecond) * 0.45)} />}
      </g>
      {line.label !== null && !dimmed && <EdgeLabelRenderer><EdgeLabel edge={edge} change={change} at={line.label} /></EdgeLabelRenderer>}
    </>
  );
}

function EdgeLabel({ edge, change, at }: { edge: VisibleEdge; change: Change | null; at: { x: number; y: number } }): React.JSX.Element {
  const http = edge.successRate !== null;
  return (
    <div className="pointer-events-none absolute rounded-[3px] bg-ground/92 px-1 text-center text-[10px] leading-[13px] whitespace-nowrap text-muted" style={{ transform: `translate(-50%, -50%) translate(${at.x}px, ${at.y}px)` }}>
      {change !== null && <div className="flex justify-center"><ChangeBadge change={change} /></div>}
      <div className={clsx('flex items-center justify-center gap-0.5', http && EXCEPTION_COLOURS[edge.status], edge.status !== 'ok' && 'font-medium')}>
        <TlsMark tls={edge.mtls ? 'mtls' : 'plain'} size={8} />
        {http ? percent(edge.successRate) : edge.connections > 0 ? `${compact(edge.connections)} conn` : 'no requests'}
      </div>
      {http && <div>{rate(edge.requestsPerSecond)}{edge.p95 !== null && ` · ${latency(edge.p95)}`}</div>}
    </div>
  );
}

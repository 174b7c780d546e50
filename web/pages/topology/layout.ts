/** Places boxes, frames, edges and their labels with elkjs in a worker; loaded only when a graph is shown. */
import ELK, { type ElkEdgeSection, type ElkExtendedEdge, type ElkNode } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import type { Size } from './fit.ts';
import type { VisibleGraph } from './visible.ts';

export const BOX = { width: 172, height: 46 } as const;
const LABEL = { width: 96, height: 30 } as const;

export interface Placed {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Line {
  /** Start, then control points in threes of a Bézier curve, then the end. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly label: { readonly x: number; readonly y: number } | null;
}

export interface Layout extends Size {
  readonly nodes: ReadonlyMap<string, Placed>;
  readonly frames: ReadonlyMap<string, Placed>;
  readonly edges: ReadonlyMap<string, Line>;
}

export type Direction = 'RIGHT' | 'DOWN';

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'SPLINES',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.layered.spacing.nodeNodeBetweenLayers': '22',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.spacing.nodeNode': '26',
  'elk.spacing.edgeNode': '16',
  'elk.padding': '[top=2,left=2,bottom=2,right=2]',
  'elk.spacing.edgeLabel': '2',
  'elk.edgeLabels.placement': 'CENTER',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.randomSeed': '7',
} as const;

let engine: InstanceType<typeof ELK> | null = null;

function elk(): InstanceType<typeof ELK> {
  engine ??= new ELK({ workerFactory: () => new Worker(workerUrl) });
  return engine;
}

/** Starts the engine while the page still waits for its data: its first layout is by far its slowest. */
export async function warmUp(): Promise<void> {
  await layOut({ nodes: [], edges: [], frames: [], folded: new Set() });
}

/** Names the structure that a layout depends on; numbers on it may change without a new layout. */
export function structureOf(graph: VisibleGraph): string {
  return [...graph.nodes.map((node) => `${node.namespace} ${node.key}`), ...graph.edges.map((edge) => edge.id)].toSorted().join('\n');
}

/** The layout of a graph in both directions; the same structure gives the same pictures. Throws what the engine throws. */
export async function layOut(graph: VisibleGraph): Promise<Readonly<Record<Direction, Layout>>> {
  const [right, down] = await Promise.all([layOutTo(graph, 'RIGHT'), layOutTo(graph, 'DOWN')]);
  return { RIGHT: right, DOWN: down };
}

async function layOutTo(graph: VisibleGraph, direction: Direction): Promise<Layout> {
  const placed = await elk().layout(elkGraph(graph, direction));
  const nodes = new Map<string, Placed>();
  const frames = new Map<string, Placed>();
  for (const child of placed.children ?? []) {
    if (child.children === undefined || child.children.length === 0) nodes.set(child.id, boxOf(child));
    else frames.set(child.id.slice('frame:'.length), boxOf(child));
    for (const inner of child.children ?? []) nodes.set(inner.id, boxOf(inner));
  }
  const edges = new Map((placed.edges ?? []).map((edge) => [edge.id, lineOf(edge)]));
  return { nodes, frames, edges, width: placed.width ?? 0, height: placed.height ?? 0 };
}

function elkGraph(graph: VisibleGraph, direction: Direction): ElkNode {
  const nodes = graph.nodes.toSorted((a, b) => a.key.localeCompare(b.key));
  const framed = (namespace: string): ElkNode => ({
    id: `frame:${namespace}`,
    layoutOptions: { 'elk.padding': '[top=30,left=14,bottom=14,right=14]' },
    children: nodes.filter((node) => isFramed(node) && node.namespace === namespace).map((node) => ({ id: node.key, ...BOX })),
  });
  return {
    id: 'root',
    layoutOptions: { ...OPTIONS, 'elk.direction': direction },
    children: [...graph.frames.map(framed), ...nodes.filter((node) => !isFramed(node)).map((node) => ({ id: node.key, ...BOX }))],
    edges: graph.edges.toSorted((a, b) => a.id.localeCompare(b.id)).map((edge) => ({ id: edge.id, sources: [edge.source], targets: [edge.target], labels: [{ id: `label:${edge.id}`, text: ' ', ...LABEL, layoutOptions: { 'elk.edgeLabels.inline': 'true' } }] })),
  };
}

function isFramed(node: VisibleGraph['nodes'][number]): boolean {
  return node.kind !== 'namespace' && node.kind !== 'outside';
}

function boxOf({ x = 0, y = 0, width = 0, height = 0 }: ElkNode): Placed {
  return { x, y, width, height };
}

function lineOf(edge: ElkExtendedEdge): Line {
  const [label] = edge.labels ?? [];
  const points = (edge.sections ?? []).flatMap((section: ElkEdgeSection) => [section.startPoint, ...(section.bendPoints ?? []), section.endPoint]);
  return { points, label: label?.x === undefined || label.y === undefined ? null : { x: label.x + LABEL.width / 2, y: label.y + LABEL.height / 2 } };
}

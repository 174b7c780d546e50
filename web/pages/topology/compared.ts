/** Two moments of a graph as one: what came, what went, what changed. Pure. */
import type { Topology } from '../../../cloud/wire/entities.ts';
import type { TopologyChange } from '../../../cloud/wire/history.ts';
import { foldedNamespaces, visibleGraph, VISIBLE_NODES_MAX, type VisibleEdge, type VisibleGraph } from './visible.ts';

export type Change = TopologyChange['change'];

/** How each kind of change is told: sign and word, never by colour alone. */
export const CHANGE_LOOKS = {
  added: { sign: '+', word: 'new' },
  gone: { sign: '−', word: 'gone' },
  changed: { sign: '±', word: 'changed' },
} as const satisfies Record<Change, { sign: string; word: string }>;

export interface ComparedGraph {
  /** The later moment, with what is gone drawn as it was. */
  readonly graph: VisibleGraph;
  /** By key of the box or id of the drawn edge; what is absent is as it was. */
  readonly changes: ReadonlyMap<string, Change>;
}

const NOTHING: ReadonlyMap<string, Change> = new Map();

export function unchanged(graph: VisibleGraph): ComparedGraph {
  return { graph, changes: NOTHING };
}

/** `told`: keys of workloads and ids of edges that the API calls changed. */
export function compared(before: Topology, after: Topology, turned: ReadonlySet<string>, told: ReadonlySet<string>): ComparedGraph {
  const gone = before.nodes.filter((node) => !after.nodes.some((each) => each.key === node.key));
  const folded = foldedNamespaces({ ...after, nodes: [...after.nodes, ...gone] }, turned);
  const [old, now] = [visibleGraph(before, turned, folded), visibleGraph(after, turned, folded)];
  const changes = new Map<string, Change>();
  const [oldNodes, oldEdges] = [new Set(old.nodes.map((node) => node.key)), new Map(old.edges.map((edge) => [edge.id, edge]))];
  for (const { key } of now.nodes) {
    if (!oldNodes.has(key)) changes.set(key, 'added');
    else if (told.has(key)) changes.set(key, 'changed');
  }
  for (const edge of now.edges) {
    const earlier = oldEdges.get(edge.id);
    if (earlier === undefined) changes.set(edge.id, 'added');
    else if (edge.ids.some((id) => told.has(id)) || differs(earlier, edge)) changes.set(edge.id, 'changed');
  }
  const graph = united(now, old);
  for (const node of graph.nodes) if (!now.nodes.includes(node)) changes.set(node.key, 'gone');
  for (const edge of graph.edges) if (!now.edges.includes(edge)) changes.set(edge.id, 'gone');
  return { graph, changes };
}

/** An edge changed when its state or its encryption did; its numbers differ at any two moments. */
function differs(before: VisibleEdge, now: VisibleEdge): boolean {
  const judged = before.status !== 'nodata' && now.status !== 'nodata' && before.status !== 'stale' && now.status !== 'stale';
  return before.mtls !== now.mtls || (judged && before.status !== now.status);
}

/** A graph with what only the other one has added to it. */
export function united(graph: VisibleGraph, other: VisibleGraph): VisibleGraph {
  const [keys, ids] = [new Set(graph.nodes.map((node) => node.key)), new Set(graph.edges.map((edge) => edge.id))];
  return {
    nodes: [...graph.nodes, ...other.nodes.filter((node) => !keys.has(node.key))],
    edges: [...graph.edges, ...other.edges.filter((edge) => !ids.has(edge.id))],
    frames: [...new Set([...graph.frames, ...other.frames])].toSorted(),
    folded: graph.folded,
  };
}

/**
 * The graph to lay out, so that boxes stay where they are when time moves: what is drawn and all that was drawn before it.
 * Begins anew when namespaces were turned, or when the places of what is gone would make the picture unreadable.
 */
export function withSeen(graph: VisibleGraph, seen: VisibleGraph | null): VisibleGraph {
  if (seen === null || !sameFolds(graph.folded, seen.folded)) return graph;
  const all = united(graph, seen);
  return all.nodes.length > Math.max(VISIBLE_NODES_MAX, graph.nodes.length) ? graph : all;
}

function sameFolds(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((namespace) => other.has(namespace));
}

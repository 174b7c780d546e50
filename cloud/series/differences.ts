/** What differs between two moments of a cluster: versions that were valid, and edges by their traffic. Pure. */
import type { TopologyChange } from '../wire/history.ts';
import { edgeKey, nameOf } from './edge.ts';
import type { EdgeLabels } from './edge.ts';
import { counted } from './words.ts';
import type { Version } from './versions.ts';

/** A cluster at a moment. */
export interface Moment {
  readonly versions: readonly Version[];
  /** Edges with traffic around the moment, one view each. */
  readonly edges: readonly EdgeLabels[];
}

/** Added, gone and changed things, by kind and name. */
export function differences(before: Moment, after: Moment): TopologyChange[] {
  return [...versionDifferences(before.versions, after.versions), ...edgeDifferences(before.edges, after.edges)].sort(
    (a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

const PLURALS = { workload: 'workloads', service: 'services', edge: 'edges', proxy: 'proxies' } as const satisfies Record<TopologyChange['kind'], string>;
const KINDS = Object.keys(PLURALS) as TopologyChange['kind'][];

function versionDifferences(before: readonly Version[], after: readonly Version[]): TopologyChange[] {
  const [old, fresh] = [new Map(before.map((version) => [identity(version), version])), new Map(after.map((version) => [identity(version), version]))];
  const changes: TopologyChange[] = [];
  for (const [id, version] of fresh) {
    const was = old.get(id);
    if (!was) changes.push(changeOf('added', null, version));
    else if (fieldsOf(was, version).length > 0) changes.push(changeOf('changed', was, version));
  }
  for (const [id, version] of old) if (!fresh.has(id)) changes.push(changeOf('gone', version, null));
  return changes;
}

/** A proxy that starts anew under its name is the same one, with another instance. */
function identity(version: Version): string {
  return version.kind === 'proxy' ? `proxy ${version.attributes.workload} ${version.attributes.name}` : `${version.kind} ${version.key}`;
}

function changeOf(change: TopologyChange['change'], before: Version | null, after: Version | null): TopologyChange {
  const shown = after ?? before;
  if (!shown) throw new Error('a change has at least one side');
  const name = shown.kind === 'proxy' ? shown.attributes.name : shown.key;
  const fields = before && after ? fieldsOf(before, after) : [];
  return { change, kind: shown.kind, key: shown.key, name, atMs: after ? after.fromMs : (before?.toMs ?? null), fields, version: proxyVersions(before, after), text: textOf(change, shown.kind, name, fields) };
}

function proxyVersions(before: Version | null, after: Version | null): TopologyChange['version'] {
  const of = (version: Version | null): string | null => (version?.kind === 'proxy' ? version.attributes.version : null);
  return (after ?? before)?.kind === 'proxy' ? { before: of(before), after: of(after) } : null;
}

type Field = TopologyChange['fields'][number];

/** Fields that name the thing or change by themselves all the time: a difference there is none. */
const PASSED_OVER: ReadonlySet<string> = new Set(['key', 'certificateNotAfter']);

/** Fields that differ. */
function fieldsOf(before: Version, after: Version): Field[] {
  const [old, fresh] = [Object.entries(before.attributes), new Map<string, unknown>(Object.entries(after.attributes))];
  return old.flatMap(([field, value]) => {
    const [was, is] = [shownValue(value), shownValue(fresh.get(field))];
    return PASSED_OVER.has(field) || was === is ? [] : [{ field, before: was, after: is }];
  });
}

function shownValue(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(shownValue).sort().join(', ');
  if (typeof value === 'object') return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([, inner]) => shownValue(inner)).join(' ');
  return String(value);
}

function textOf(change: TopologyChange['change'], kind: string, name: string, fields: readonly Field[]): string {
  if (change === 'added') return `${kind} ${name} is new`;
  if (change === 'gone') return `${kind} ${name} is gone`;
  const told = fields.find((field) => field.field === 'version') ?? fields[0];
  if (told?.field === 'instance') return `${kind} ${name} started anew`;
  return told ? `${kind} ${name}: ${told.field} ${told.before} → ${told.after}${fields.length > 1 ? `, and ${fields.length - 1} more` : ''}` : `${kind} ${name} changed`;
}

function edgeDifferences(before: readonly EdgeLabels[], after: readonly EdgeLabels[]): TopologyChange[] {
  const [old, fresh] = [new Map(before.map((edge) => [edgeKey(edge), edge])), new Map(after.map((edge) => [edgeKey(edge), edge]))];
  const of = (change: 'added' | 'gone', key: string, edge: EdgeLabels): TopologyChange => {
    const name = `${edge.source === '' ? 'outside' : nameOf(edge.source)} → ${nameOf(edge.destination || edge.service)}`;
    const text = change === 'added' ? `${name} has traffic (${edge.protocol}, ${edge.tls})` : `${name} has no traffic any more`;
    return { change, kind: 'edge', key, name, atMs: null, fields: [], version: null, text };
  };
  return [
    ...[...fresh].filter(([key]) => !old.has(key)).map(([key, edge]) => of('added', key, edge)),
    ...[...old].filter(([key]) => !fresh.has(key)).map(([key, edge]) => of('gone', key, edge)),
  ];
}

/** `1 workload and 2 edges are new, 3 proxies changed.` */
export function differencesSentence(changes: readonly TopologyChange[]): string {
  if (changes.length === 0) return 'Nothing differs between the two moments.';
  const parts = (['added', 'gone', 'changed'] as const).flatMap((change) => {
    const kinds = KINDS.flatMap((kind) => {
      const count = changes.filter((candidate) => candidate.change === change && candidate.kind === kind).length;
      return count === 0 ? [] : [counted(count, kind, PLURALS[kind])];
    });
    if (kinds.length === 0) return [];
    const list = kinds.length === 1 ? (kinds[0] ?? '') : `${kinds.slice(0, -1).join(', ')} and ${kinds.at(-1) ?? ''}`;
    const one = kinds.length === 1 && (kinds[0] ?? '').startsWith('1 ');
    return [`${list} ${change === 'changed' ? 'changed' : `${one ? 'is' : 'are'} ${change === 'added' ? 'new' : 'gone'}`}`];
  });
  return `${parts.join(', ')}.`;
}

/** When two readings of messages mean the same: what a hop may change is left out of the comparison. Pure. */
import { HOP_FIELDS, valuesOf } from './walk.ts';
import type { ReadMessage } from './reading.ts';

/** Said anew by each hop, or told by the body itself. */
const NOT_OF_MEANING: readonly string[] = [...HOP_FIELDS, 'upgrade', 'transfer-encoding', 'content-length', 'trailer', 'expect'];
/** Names that only the mesh may use; proxies take them out of what comes from outside, and add their own. */
const MESH_PREFIXES = ['l5d-', 'sidelight-'];

/** A text that is equal for two messages exactly when an application would see the same. `hop`: fields that go no further. */
export function meaningOf(message: ReadMessage, hop: readonly string[] = []): string {
  const { method, target, status, fields, body, trailers, complete } = message;
  const authority = authorityOf(method, target);
  const named: ReadMessage['fields'] = authority === null ? fields : [['host', authority], ...fields.filter(([name]) => name !== 'host')];
  return JSON.stringify({ method, target, status, fields: grouped(named, [...hop, ...listedByConnection(fields)]), body: complete ? body : null, trailers: complete ? grouped(trailers, []) : null });
}

/** RFC 9112 §3.2.2 and §3.2.3: a target that names the host wins over Host, which some readers replace by it. */
function authorityOf(method: string, target: string): string | null {
  if (method === 'CONNECT') return target;
  return /^https?:\/\/([^/?#]*)/i.exec(target)?.[1] ?? null;
}

/** The names in all Connection fields of a payload: some readers hide that field, but what it names went no further all the same. */
export function hopFieldsOf(payload: string): string[] {
  return [...payload.matchAll(/^connection:([^\r\n]*)/gim)].flatMap(([, names = '']) => names.split(',').map((name) => name.trim().toLowerCase()));
}

/** Fields that Connection names go no further than one hop (RFC 9110 §7.6.1). */
function listedByConnection(fields: ReadMessage['fields']): string[] {
  return valuesOf(fields, 'connection').flatMap((value) => value.split(',').map((name) => name.trim().toLowerCase()));
}

/** Values by name, in their order; names in alphabetical order. */
function grouped(fields: ReadMessage['fields'], listed: readonly string[]): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const [name, value] of fields) {
    if (NOT_OF_MEANING.includes(name) || listed.includes(name) || MESH_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    const text = value.replace(/^[\t ]+|[\t ]+$/g, '');
    // An empty Host names nobody, as none does in HTTP/1.0; some readers can't tell them apart.
    if (name === 'host' && text === '') continue;
    groups.set(name, [...(groups.get(name) ?? []), name === 'host' ? text.toLowerCase() : text]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

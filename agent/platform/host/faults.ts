/** The faults of a mesh file, each with its place in the file. */
import { isMap, isNode, isScalar } from 'yaml';
import type { Document, LineCounter, YAMLError } from 'yaml';
import type { z } from 'zod';

/** What to do about each kind of fault; the key is the stable code. */
export const REMEDIES = {
  mesh_unreadable: 'check the path, and that the agent may read the file',
  mesh_too_large: 'split the mesh into several agents',
  mesh_syntax: 'correct the YAML at this place',
  mesh_key_duplicate: 'keep one of them',
  mesh_key_unknown: 'remove the key or correct its spelling',
  mesh_key_missing: 'add the key',
  mesh_value_invalid: 'correct the value',
  mesh_address_invalid: 'write an IP address with a port, such as 127.0.0.1:8080 or [::1]:8080',
  mesh_name_duplicate: 'give each its own name',
  mesh_service_unknown: 'declare the service under services, or correct the name',
  mesh_port_unknown: 'add the port to the service, or correct it here',
  mesh_listen_not_loopback: 'listen on a loopback address such as 127.0.0.1: whoever reaches the listener speaks with the identity of this workload',
  mesh_sidecar_missing: 'give the instance a mesh address, or remove what only a sidecar can do',
  mesh_address_clash: 'give each listener on a host its own port',
  mesh_address_not_own: 'write one of the addresses under transparent, or correct these',
  mesh_port_conflict: 'let all services that share a target agree on protocol and plain listener',
  mesh_restart_required: 'restart the agent to apply it; the proxies keep serving meanwhile',
} as const satisfies Record<string, string>;

export type MeshFaultCode = keyof typeof REMEDIES;

export interface MeshFault {
  readonly code: MeshFaultCode;
  /** From 1; 0 when the fault has no place in the file. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly remedy: string;
}

export type Path = readonly (string | number)[];

export function meshFault(code: MeshFaultCode, message: string, place = { line: 0, column: 0 }): MeshFault {
  return { code, ...place, message, remedy: REMEDIES[code] };
}

/** `file:line:column: message (code): remedy` */
export function formatFault(file: string, { code, line, column, message, remedy }: MeshFault): string {
  const place = line > 0 ? `${file}:${line}:${column}` : file;
  return `${place}: ${message} (${code}): ${remedy}`;
}

/** Collects the faults of one document. */
export class FaultList {
  readonly faults: MeshFault[] = [];
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  add(code: MeshFaultCode, path: Path, message: string): void {
    this.faults.push(meshFault(code, message, this.placeOf(path)));
  }

  addSyntax(error: YAMLError): void {
    const place = { line: error.linePos?.[0].line ?? 0, column: error.linePos?.[0].col ?? 0 };
    const [first = error.message] = error.message.split('\n');
    this.faults.push(meshFault(error.code === 'DUPLICATE_KEY' ? 'mesh_key_duplicate' : 'mesh_syntax', first.replace(/ at line .*$/, ''), place));
  }

  /** The value by its schema; null with its faults noted. */
  read<Output>(schema: z.ZodType<Output>, value: unknown, path: Path): Output | null {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) this.#addIssue(issue, path, value);
    return null;
  }

  /** Where a path begins in the file; the nearest parent of one that isn't there. */
  placeOf(path: Path): { line: number; column: number } {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return this.#at(node.range[0]);
    }
    return { line: 1, column: 1 };
  }

  #at(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }

  #addIssue(issue: z.core.$ZodIssue, base: Path, value: unknown): void {
    const path = [...base, ...issue.path.filter((part) => typeof part !== 'symbol')];
    const name = path.length > 0 ? path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('').replace(/^\./, '') : 'the file';
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) this.faults.push(meshFault('mesh_key_unknown', `${name} has no key "${key}"`, this.#placeOfKey(path, key)));
    } else if (issue.code === 'invalid_type' && valueAt(value, issue.path) === undefined) this.add('mesh_key_missing', path, `${name} is missing`);
    else if (issue.code === 'custom' && issue.params?.['code'] === 'mesh_address_invalid') this.add('mesh_address_invalid', path, `${name}: ${issue.message}`);
    else this.add('mesh_value_invalid', path, `${name}: ${issue.message}`);
  }

  #placeOfKey(path: Path, key: string): { line: number; column: number } {
    const map = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key) : undefined;
    return isScalar(pair?.key) && pair.key.range ? this.#at(pair.key.range[0]) : this.placeOf(path);
  }
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at: unknown = value;
  for (const part of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, part) : undefined;
  return at;
}

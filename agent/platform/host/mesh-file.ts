/** Reads a mesh file: text → services and workloads, or all of its faults at once. */
import { LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import type { z } from 'zod';
import { identityOf } from '../../../proxy/wire/labels.ts';
import type { ServiceKey } from '../../../proxy/wire/labels.ts';
import type { SocketAddress } from '../../../proxy/wire/orders.ts';
import type { MeshInstance, MeshService, MeshWorkload, ServedPort, Upstream } from '../../inventory/inventory.ts';
import { messageOf } from '../../fault.ts';
import { crossCheck } from './crosscheck.ts';
import { FaultList, meshFault } from './faults.ts';
import type { MeshFault, Path } from './faults.ts';
import { placeOf, servicePolicy } from './policy.ts';
import { instanceSchema, servedPortSchema, serviceSchema, topSchema, upstreamSchema, workloadSchema } from './schema.ts';

/** A larger file is refused unread. */
export const MESH_BYTES_MAX = 4 * 1024 * 1024;

export interface Mesh {
  readonly trustDomain: string;
  /** Where proxies dial the control server. */
  readonly control: SocketAddress;
  readonly services: readonly MeshService[];
  readonly workloads: readonly MeshWorkload[];
}

/** Something of the file with its place in it. */
export type Placed<T> = T & { readonly path: Path };

export type PlacedInstance = Placed<Omit<MeshInstance, 'ports' | 'upstreams'>> & {
  readonly ports: readonly Placed<ServedPort>[];
  readonly upstreams: readonly Placed<Upstream>[];
};

export type PlacedWorkload = Placed<Omit<MeshWorkload, 'instances' | 'identity'>> & { readonly instances: readonly PlacedInstance[] };

/** The file as far as it could be read. */
export interface Draft {
  readonly control: Placed<{ readonly address: SocketAddress }> | null;
  readonly services: readonly Placed<MeshService>[];
  /** Every service that the file names, also those that couldn't be read. */
  readonly named: ReadonlySet<ServiceKey>;
  readonly workloads: readonly PlacedWorkload[];
}

export type MeshResult = { readonly kind: 'mesh'; readonly mesh: Mesh } | { readonly kind: 'faults'; readonly faults: readonly MeshFault[] };

export function parseMesh(text: string): MeshResult {
  if (text.length > MESH_BYTES_MAX) return { kind: 'faults', faults: [meshFault('mesh_too_large', `the file is larger than ${MESH_BYTES_MAX} bytes`)] };
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const list = new FaultList(document, lineCounter);
  for (const error of document.errors) list.addSyntax(error);
  if (list.faults.some(({ code }) => code === 'mesh_syntax')) return { kind: 'faults', faults: list.faults };
  const value = readValue(document, list);
  const top = list.read(topSchema, value, []);
  const draft = readDraft(value, list);
  crossCheck(draft, list);
  const faults = list.faults.sort((a, b) => a.line - b.line || a.column - b.column);
  if (!top || faults.length > 0) return { kind: 'faults', faults };
  return { kind: 'mesh', mesh: meshOf(draft, top.trustDomain, top.control.listen) };
}

/** An alias bomb (aliases of aliases) ends here, with its fault. */
function readValue(document: Document, list: FaultList): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    list.add('mesh_syntax', [], messageOf(cause));
    return null;
  }
}

function readDraft(value: unknown, list: FaultList): Draft {
  const control = topSchema.shape.control.safeParse(partOf(value, 'control'));
  const services = entriesOf(value, 'services');
  return {
    control: control.success ? { address: control.data.listen, path: ['control', 'listen'] } : null,
    services: readEach(list, services, ['services'], serviceSchema, (service, path) => ({ path, key: `${service.namespace}/${service.name}`, ports: service.ports, ...addressesOf(service.addresses), ...servicePolicy(service) })),
    named: new Set(services.map((service) => `${textOf(service, 'namespace')}/${textOf(service, 'name')}`)),
    workloads: readEach(list, entriesOf(value, 'workloads'), ['workloads'], workloadSchema, (workload, path) => readWorkload(workload, path, list), (entry, path) => readInstances(entry, path, textOf(entry, 'namespace'), list)),
  };
}

function readWorkload(workload: z.output<typeof workloadSchema>, path: Path, list: FaultList): PlacedWorkload {
  const { name, namespace, inboundPolicy, serviceAccount = name, telemetry } = workload;
  return { path, key: `${namespace}/host/${name}`, name, namespace, serviceAccount, inboundPolicy, ...telemetryOf(telemetry), instances: readInstances(workload, path, namespace, list) };
}

/** Only what the file says: the proxies' own settings hold for the rest. */
function telemetryOf(telemetry: z.output<typeof workloadSchema>['telemetry']): Pick<PlacedWorkload, 'telemetry'> {
  if (telemetry === undefined) return {};
  const { accessLog, tracing } = telemetry;
  return { telemetry: { ...(accessLog === undefined ? {} : { accessLog }), ...(tracing === undefined ? {} : { tracing }) } };
}

function readInstances(workload: unknown, path: Path, namespace: string, list: FaultList): PlacedInstance[] {
  const entries = entriesOf(workload, 'instances');
  return readEach(list, entries, [...path, 'instances'], instanceSchema, ({ name, mesh = null, transparent, zone, weight }, at, entry) => ({ path: at, name, mesh, ...placeOf({ zone, weight }), ...(transparent && { transparent }), ...readPorts(entry, at, namespace, list) }), (entry, at) => readPorts(entry, at, namespace, list));
}

function readPorts(instance: unknown, path: Path, namespace: string, list: FaultList): Pick<PlacedInstance, 'ports' | 'upstreams'> {
  const keyOf = (service: string): ServiceKey => (service.includes('/') ? service : `${namespace}/${service}`);
  return {
    ports: readEach(list, entriesOf(instance, 'ports'), [...path, 'ports'], servedPortSchema, ({ service, port, target, plain }, at) => ({ path: at, service: keyOf(service), port, target, plain: plain ?? null })),
    upstreams: readEach(list, entriesOf(instance, 'upstreams'), [...path, 'upstreams'], upstreamSchema, ({ service, port, listen }, at) => ({ path: at, service: keyOf(service), port, listen })),
  };
}

/** `inside` looks into an entry that is bad itself, so that it doesn't hide the faults of what is in it. */
function readEach<Raw, Read>(
  list: FaultList, entries: readonly unknown[], path: Path, schema: z.ZodType<Raw>, then: (raw: Raw, path: Path, entry: unknown) => Read, inside: (entry: unknown, path: Path) => unknown = () => undefined,
): Read[] {
  return entries.flatMap((entry, index) => {
    const at = [...path, index];
    const raw = list.read(schema, entry, at);
    if (raw !== null) return [then(raw, at, entry)];
    inside(entry, at);
    return [];
  });
}

function meshOf(draft: Draft, trustDomain: string, control: SocketAddress): Mesh {
  const services = draft.services.map(({ path: _, ...service }) => service);
  const workloads = draft.workloads.map(({ key, namespace, name, serviceAccount, inboundPolicy, telemetry, instances }) => ({
    key,
    namespace,
    name,
    serviceAccount,
    identity: identityOf(serviceAccount, namespace, trustDomain),
    inboundPolicy,
    ...(telemetry && { telemetry }),
    instances: instances.map(instanceOf),
  }));
  return { trustDomain, control, services, workloads };
}

/** None is as good as absent, and leaves a mesh without them as it was. */
function addressesOf(addresses: readonly string[]): Pick<MeshService, 'addresses'> {
  return addresses.length === 0 ? {} : { addresses };
}

function instanceOf({ name, mesh, ports, upstreams, transparent, zone, weight }: PlacedInstance): MeshInstance {
  return {
    name,
    mesh,
    ...placeOf({ zone, weight }),
    ...(transparent && { transparent }),
    ports: ports.map(({ service, port, target, plain }) => ({ service, port, target, plain })),
    upstreams: upstreams.map(({ service, port, listen }) => ({ service, port, listen })),
  };
}

function entriesOf(value: unknown, key: string): readonly unknown[] {
  const entries = partOf(value, key);
  return Array.isArray(entries) ? entries : [];
}

function textOf(value: unknown, key: string): string {
  const text = partOf(value, key);
  return typeof text === 'string' ? text : '';
}

function partOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

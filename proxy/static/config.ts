/** From the text of a static configuration file to the orders that a control plane would have sent. Pure. */
import type { LogLevel } from '../log.ts';
import { parseIdentity, type WorkloadKey } from '../wire/labels.ts';
import { canonicalIp } from '../wire/ip.ts';
import { OPAQUE_PORTS, type Endpoint, type InboundPort, type OutboundListener, type PortProtocol, type ProxyOrders, type ServicePort, type SocketAddress, type TransparentOrders } from '../wire/orders.ts';
import type { TelemetryOrders } from '../wire/telemetry.ts';
import { policyConflicts, policyOf } from '../wire/policy-text.ts';
import { pointerTo, type StaticFault } from './fault.ts';
import { STATIC_SCHEMA, type StaticFile } from './schema.ts';
import { validate } from './validate.ts';

const ADMIN_DEFAULT = '127.0.0.1:4191';
const TRUST_DOMAIN_DEFAULT = 'cluster.local';

/** Paths as they stand in the file. */
export interface CertificateFiles {
  readonly chain: string;
  readonly key: string;
  readonly trustAnchors: string;
}

export interface StaticConfig {
  readonly workload: WorkloadKey;
  readonly instance: string;
  readonly trustDomain: string;
  readonly admin: SocketAddress;
  readonly logLevel: LogLevel;
  readonly certificate: CertificateFiles;
  /** Path of the Unix socket for a successor, as it stands in the file; null: none. */
  readonly handover: string | null;
  /** Without a revision; whoever applies them counts it. */
  readonly orders: Omit<ProxyOrders, 'revision'>;
}

export type ParsedStatic =
  | { readonly kind: 'config'; readonly config: StaticConfig }
  | { readonly kind: 'faults'; readonly faults: readonly StaticFault[] };

/** Reads the file's text; gives the configuration or every fault. */
export function parseStatic(text: string): ParsedStatic {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const message = `The file is not JSON: ${error instanceof Error ? error.message : String(error)}.`;
    return { kind: 'faults', faults: [{ code: 'static_not_json', pointer: '', message, remedy: 'Mend the syntax; comments and trailing commas are not allowed.' }] };
  }
  const faults = validate(STATIC_SCHEMA, value);
  if (faults.length > 0) return { kind: 'faults', faults };
  const file = value as StaticFile;
  const conflicts = [...repeatedListeners(file), ...repeatedTargets(file), ...foreignIdentities(file), ...badAddresses(file), ...policyFaults(file)];
  return conflicts.length > 0 ? { kind: 'faults', faults: conflicts } : { kind: 'config', config: configOf(file) };
}

function configOf(file: StaticFile): StaticConfig {
  const trustDomain = file.trustDomain ?? TRUST_DOMAIN_DEFAULT;
  return {
    workload: file.workload,
    instance: file.instance ?? workloadName(file.workload),
    trustDomain,
    admin: socketAddress(file.admin ?? ADMIN_DEFAULT),
    logLevel: file.logLevel ?? 'info',
    certificate: { chain: file.certificate.chainFile, key: file.certificate.keyFile, trustAnchors: file.certificate.trustAnchorsFile },
    handover: file.handover ?? null,
    orders: {
      workload: file.workload,
      trustDomain,
      inbound: {
        mesh: socketAddress(file.inbound.mesh),
        policy: file.inbound.policy ?? 'all-unauthenticated',
        ports: (file.inbound.ports ?? []).map(inboundPort),
      },
      outbound: (file.outbound ?? []).map(outboundListener),
      ...(file.zone === undefined ? {} : { zone: file.zone }),
      ...(file.transparent === undefined ? {} : { transparent: transparentOrders(file.transparent) }),
      ...(file.accessLog === undefined && file.tracing === undefined ? {} : { telemetry: telemetryOf(file) }),
    },
  };
}

type FilePort = NonNullable<StaticFile['inbound']['ports']>[number];
type FileListener = NonNullable<StaticFile['outbound']>[number];

/** `detect` reads no port whose servers usually speak first. */
function protocolOf(asked: PortProtocol | undefined, ports: readonly number[]): PortProtocol {
  return asked === 'detect' && ports.some((port) => OPAQUE_PORTS.includes(port)) ? 'opaque' : (asked ?? 'http1');
}

function inboundPort(port: FilePort): InboundPort {
  const target = socketAddress(port.target);
  return {
    target,
    services: [...port.services].sort(),
    protocol: protocolOf(port.protocol, [target.port]),
    plain: port.plain === undefined ? null : socketAddress(port.plain),
  };
}

function outboundListener(listener: FileListener): OutboundListener {
  return { listen: socketAddress(listener.listen), ...servicePort(listener) };
}

function servicePort(file: Omit<FileListener, 'listen'>): ServicePort {
  const endpoints = file.endpoints.map(endpoint);
  return {
    service: file.service,
    port: file.port,
    protocol: protocolOf(file.protocol, [file.port, ...endpoints.map(({ address }) => address.port)]),
    endpoints,
    ...policyPart(file),
  };
}

function transparentOrders({ addresses, outboundPort = 4140, plainPort = 4142, ownPorts = [4190, 4191], services = [] }: NonNullable<StaticFile['transparent']>): TransparentOrders {
  const canonical = (ips: readonly string[]): string[] => ips.map((ip) => canonicalIp(ip) ?? ip);
  return {
    addresses: canonical(addresses),
    outboundPort,
    plainPort,
    ownPorts,
    services: services.map((service) => ({ addresses: canonical(service.addresses), to: servicePort(service) })),
    discovery: false,
  };
}

function endpoint(file: FileListener['endpoints'][number]): Endpoint {
  return {
    address: socketAddress(file.address),
    workload: file.workload,
    instance: file.instance ?? workloadName(file.workload),
    mesh: file.mesh === undefined ? null : { address: socketAddress(file.mesh.address), identity: file.mesh.identity },
    ...(file.zone === undefined ? {} : { zone: file.zone }),
    ...(file.weight === undefined ? {} : { weight: file.weight }),
  };
}

function telemetryOf({ accessLog = 'off', tracing }: StaticFile): TelemetryOrders {
  return { accessLog, tracing: tracing === undefined ? null : { collector: tracing.collector, share: (tracing.sharePercent ?? 0) / 100 } };
}

function policyPart(file: Omit<FileListener, 'listen'>): Pick<ServicePort, 'policy'> {
  const policy = policyOf(file);
  return policy === undefined ? {} : { policy };
}

/** What the policies say against themselves. */
function policyFaults(file: StaticFile): StaticFault[] {
  const services = [
    ...(file.outbound ?? []).map((service, at) => ({ service, pointer: `/outbound/${at}` })),
    ...(file.transparent?.services ?? []).map((service, at) => ({ service, pointer: `/transparent/services/${at}` })),
  ];
  return services.flatMap(({ service, pointer }) =>
    policyConflicts(service).map(({ path, message }): StaticFault => ({
      code: 'static_conflict', pointer: `${pointer}/${path.join('/')}`, message: `${path.at(-1)} ${message}.`, remedy: 'Remove one of the two.',
    })),
  );
}

function workloadName(workload: WorkloadKey): string {
  return workload.slice(workload.lastIndexOf('/') + 1);
}

/** `1.2.3.4:80` or `[::1]:80`, as the schema has checked. */
function socketAddress(text: string): SocketAddress {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

function repeatedListeners(file: StaticFile): StaticFault[] {
  const listeners: [pointer: string, address: string][] = [
    ['/admin', file.admin ?? ADMIN_DEFAULT],
    ['/inbound/mesh', file.inbound.mesh],
    ...(file.inbound.ports ?? []).flatMap(({ plain }, at): [string, string][] => (plain === undefined ? [] : [[`/inbound/ports/${at}/plain`, plain]])),
    ...(file.outbound ?? []).map(({ listen }, at): [string, string] => [`/outbound/${at}/listen`, listen]),
  ];
  return repeated(listeners, 'is the address of another listener', 'Give each listener an address of its own.');
}

function repeatedTargets(file: StaticFile): StaticFault[] {
  const targets = (file.inbound.ports ?? []).map(({ target }, at): [string, string] => [`/inbound/ports/${at}/target`, target]);
  return repeated(targets, 'is the target of another port', 'List all services of one target in one entry.');
}

function repeated(entries: readonly (readonly [string, string])[], what: string, remedy: string): StaticFault[] {
  const seen = new Map<string, string>();
  const faults: StaticFault[] = [];
  for (const [pointer, address] of entries) {
    const first = seen.get(address);
    if (first === undefined) seen.set(address, pointer);
    else faults.push({ code: 'static_conflict', pointer, message: `${address} ${what} (${first}).`, remedy });
  }
  return faults;
}

/** An identity of another trust domain could never be proved. */
function foreignIdentities(file: StaticFile): StaticFault[] {
  const trustDomain = file.trustDomain ?? TRUST_DOMAIN_DEFAULT;
  const services = [
    ...(file.outbound ?? []).map(({ endpoints }, at) => ({ at: `/outbound/${at}`, endpoints })),
    ...(file.transparent?.services ?? []).map(({ endpoints }, at) => ({ at: `/transparent/services/${at}`, endpoints })),
  ];
  return services.flatMap(({ at, endpoints }) =>
    endpoints.flatMap((endpoint, e): StaticFault[] => {
      if (endpoint.mesh === undefined || parseIdentity(endpoint.mesh.identity, trustDomain) !== null) return [];
      const pointer = pointerTo(`${at}/endpoints/${e}/mesh`, 'identity');
      const message = `${endpoint.mesh.identity} is no identity of trust domain ${trustDomain}.`;
      return [{ code: 'static_conflict', pointer, message, remedy: `It must be <service account>.<namespace>.serviceaccount.identity.sidelight.${trustDomain}; or set trustDomain.` }];
    }),
  );
}

/** What looks like an address and is none. */
function badAddresses({ transparent }: StaticFile): StaticFault[] {
  const lists = [{ at: '/transparent/addresses', ips: transparent?.addresses ?? [] }, ...(transparent?.services ?? []).map(({ addresses }, at) => ({ at: `/transparent/services/${at}/addresses`, ips: addresses }))];
  return lists.flatMap(({ at, ips }) => ips.flatMap((ip, index): StaticFault[] => {
    if (canonicalIp(ip) !== null) return [];
    return [{ code: 'static_invalid', pointer: `${at}/${index}`, message: `${ip} is no IP address.`, remedy: 'Write an IP address without a port, such as 10.0.0.7 or fd00::7.' }];
  }));
}

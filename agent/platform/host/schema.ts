/** The parts of a mesh file. Lists are read entry by entry, so that one bad entry doesn't hide the faults of the others. */
import { z } from 'zod';
import { PORT_PROTOCOLS, type PortProtocol, type SocketAddress } from '../../../proxy/wire/orders.ts';
import { canonicalIp, isLoopbackIp } from '../../../proxy/wire/ip.ts';
import { ACCESS_LOG_FORMATS } from '../../../proxy/wire/telemetry.ts';
import { DEFAULT_REDIRECTION } from '../../redirect/rules.ts';
import { isWildcard, parseAddress } from './address.ts';
import { checkPolicy, placeShape, policyShape } from './policy.ts';

/** An RFC 1123 label. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const label = z.string().regex(LABEL, 'must be lower-case letters, digits and inner hyphens, at most 63');
const port = z.number().int('must be a whole number').min(1, 'is not a port').max(65_535, 'is not a port');
const list = z.array(z.unknown()).nullish();

function address(wildcard: 'wildcard allowed' | 'dialled') {
  return z.string().transform((text, context): SocketAddress => {
    const parsed = parseAddress(text);
    if (parsed.kind === 'address' && !(wildcard === 'dialled' && isWildcard(parsed.address.host))) return { ...parsed.address, host: canonicalIp(parsed.address.host) ?? parsed.address.host };
    const message = parsed.kind === 'invalid' ? parsed.reason : `others dial this address, so it can't be ${parsed.address.host}`;
    context.addIssue({ code: 'custom', message, params: { code: 'mesh_address_invalid' } });
    return z.NEVER;
  });
}

/** Dual stack needs two. */
const ADDRESSES_MAX = 64;

/** An IP address without a port, in its one form. */
const ip = z.string().transform((text, context): string => {
  const canonical = canonicalIp(text);
  if (canonical !== null && !isLoopbackIp(canonical) && !isWildcard(canonical)) return canonical;
  const message = canonical === null ? `"${text}" is not an IP address` : `${text} is not an address of one workload or service alone`;
  context.addIssue({ code: 'custom', message, params: { code: 'mesh_address_invalid' } });
  return z.NEVER;
});

/** `grpc` is HTTP/2 to the proxies, which tell calls apart by their content type. */
const protocol = z.enum([...PORT_PROTOCOLS, 'grpc']).transform((word): PortProtocol => (word === 'grpc' ? 'http2' : word));

export const topSchema = z.strictObject({
  apiVersion: z.literal('sidelight.dev/v1'),
  kind: z.literal('Mesh'),
  trustDomain: z
    .string()
    .max(80)
    .regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, 'must be a domain name in lower case')
    .default('cluster.local'),
  control: z.strictObject({ listen: address('dialled') }),
  services: list,
  workloads: list,
});

export const serviceSchema = z.strictObject({
  name: label,
  namespace: label,
  ports: z.array(z.strictObject({ port, protocol: protocol.default('http1') })).min(1, 'needs at least one port'),
  /** Under which transparent callers dial it. */
  addresses: z.array(ip).max(ADDRESSES_MAX).default([]),
  ...policyShape,
}).superRefine(checkPolicy);

const telemetryShape = z.strictObject({
  accessLog: z.enum(ACCESS_LOG_FORMATS).optional(),
  tracing: z.strictObject({ collector: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(2_048), share: z.number().min(0).max(1).default(0) }).nullable().optional(),
});

export const workloadSchema = z.strictObject({
  name: label,
  namespace: label,
  serviceAccount: label.optional(),
  inboundPolicy: z.enum(['all-unauthenticated', 'all-authenticated']).default('all-unauthenticated'),
  /** Of its proxies; what is absent is as they are started. */
  telemetry: telemetryShape.optional(),
  instances: list,
});

/** An instance with addresses of its own, whose connections `agent init` redirects; the ports are those given to it. */
const transparentSchema = z.strictObject({
  addresses: z.array(ip).min(1, 'needs at least one address').max(ADDRESSES_MAX),
  outboundPort: port.default(DEFAULT_REDIRECTION.outboundPort),
  plainPort: port.default(DEFAULT_REDIRECTION.plainPort),
  ownPorts: z.array(port).max(16).default([4190, 4191]),
});

export const instanceSchema = z.strictObject({
  name: label,
  ...placeShape,
  mesh: address('dialled').optional(),
  ports: list,
  upstreams: list,
  transparent: transparentSchema.optional(),
});

const serviceName = z.string().regex(/^(?:[a-z0-9-]+\/)?[a-z0-9-]+$/, 'must be the name of a service, or namespace/name');

export const servedPortSchema = z.strictObject({
  service: serviceName,
  port,
  target: address('dialled'),
  plain: address('wildcard allowed').optional(),
});

export const upstreamSchema = z.strictObject({ service: serviceName, port, listen: address('wildcard allowed') });

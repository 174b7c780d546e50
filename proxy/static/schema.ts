/**
 * The static configuration file as a JSON Schema (draft 2020-12): the one source of what is valid, of the TypeScript type
 * and of `schema.json`, which editors read. Only the keywords in `Schema` are used, so that `validate.ts` stays whole.
 */

import { BALANCER, RETRY, TIMEOUT, ZONE } from './policy-schema.ts';

/** A schema of the keywords that `validate` knows. `expected` and `remedy` are said to people; JSON Schema ignores them. */
export type Schema =
  | {
      readonly type: 'string';
      readonly description: string;
      readonly default?: string;
      readonly pattern?: string;
      readonly enum?: readonly string[];
      readonly maxLength?: number;
      readonly expected?: string;
    }
  | { readonly type: 'integer' | 'number'; readonly description: string; readonly default?: number; readonly minimum: number; readonly maximum: number }
  | { readonly type: 'array'; readonly description: string; readonly minItems?: number; readonly maxItems: number; readonly items: Schema }
  | {
      readonly type: 'object';
      readonly description: string;
      readonly required: readonly string[];
      readonly additionalProperties: false;
      readonly properties: Readonly<Record<string, Schema>>;
    };

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const OCTET = '(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])';
const PORT = '(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})';
const HOST = `(?:${OCTET}(?:\\.${OCTET}){3}|\\[[0-9a-fA-F:.]{2,45}\\])`;

const address = <Text extends string>(description: Text) =>
  ({ type: 'string', description, pattern: `^${HOST}:${PORT}$`, expected: 'an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080' }) as const;
const workload = <Text extends string>(description: Text) =>
  ({
    type: 'string', description, maxLength: 320, expected: 'namespace/kind/name in lower case, such as shop/host/web',
    pattern: `^${LABEL}/[a-z0-9]+/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$`,
  }) as const;
const service = <Text extends string>(description: Text) =>
  ({ type: 'string', description, maxLength: 320, expected: 'namespace/name in lower case, such as shop/cart', pattern: `^${LABEL}/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$` }) as const;
const name = <Text extends string>(description: Text) =>
  ({ type: 'string', description, expected: 'a name of letters, digits, dots and hyphens', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$' }) as const;
const path = <Text extends string>(description: Text) =>
  ({ type: 'string', description, pattern: '^[^\\u0000]+$', maxLength: 4096, expected: 'a path, absolute or from the folder of this file' }) as const;
const PROTOCOL = {
  type: 'string', enum: ['http1', 'http2', 'opaque', 'detect'], default: 'http1',
  description: 'http1 and http2 (prior knowledge, gRPC included): each request is routed and counted. opaque: bytes are copied, each connection is counted. detect: the first bytes of a connection decide; the usual ports of servers that speak first are opaque.',
} as const;

const ENDPOINT = {
  type: 'object', additionalProperties: false, required: ['address', 'workload'],
  description: 'One place where the service is served.',
  properties: {
    address: address('Where the app listens; the target that its own proxy is asked for.'),
    workload: workload('The workload that serves it, for metrics.'),
    instance: name('Name of the instance; the default is the workload’s name.'),
    zone: ZONE,
    weight: { type: 'number', minimum: 0.001, maximum: 10_000, description: 'Its share beside the others, which have 1 when it is absent.' },
    mesh: {
      type: 'object', additionalProperties: false, required: ['address', 'identity'],
      description: 'Its proxy. Without it the endpoint is dialled directly, in plain text.',
      properties: {
        address: address('The mTLS listener of its proxy.'),
        identity: {
          type: 'string', maxLength: 253, pattern: `^${LABEL}(?:\\.${LABEL})+$`, expected: '<service account>.<namespace>.serviceaccount.identity.sidelight.<trust domain>',
          description: 'The only identity that its proxy may prove.',
        },
      },
    },
  },
} as const satisfies Schema;

const LISTENER = {
  type: 'object', additionalProperties: false, required: ['listen', 'service', 'port', 'endpoints'],
  description: 'An upstream service: whoever connects to the listener talks to it.',
  properties: {
    listen: address('Loopback address that the app calls.'),
    service: service('The service, for metrics and for the other proxy.'),
    port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'The service’s port.' },
    protocol: PROTOCOL,
    endpoints: { type: 'array', maxItems: 10_000, items: ENDPOINT, description: 'Where it is served; none: requests are answered 503 no-endpoints.' },
    balancer: BALANCER,
    retry: RETRY,
    timeout: TIMEOUT,
  },
} as const satisfies Schema;

const INBOUND_PORT = {
  type: 'object', additionalProperties: false, required: ['target', 'services'],
  description: 'A port of the app behind this proxy.',
  properties: {
    target: address('Where the app listens.'),
    services: { type: 'array', minItems: 1, maxItems: 1_000, items: service('A service that owns the port.'), description: 'Services that own the port; callers outside the mesh count for the first by name.' },
    protocol: PROTOCOL,
    plain: address('Plain-text listener for callers outside the mesh; none when absent.'),
  },
} as const satisfies Schema;

const ip = <Text extends string>(description: Text) =>
  ({ type: 'string', description, pattern: `^(?:${OCTET}(?:\\.${OCTET}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$`, maxLength: 45, expected: 'an IP address without a port, such as 10.0.0.7 or fd00::7' }) as const;
const portNumber = <Text extends string>(description: Text) => ({ type: 'integer', minimum: 1, maximum: 65_535, description }) as const;

const VIRTUAL_SERVICE = {
  type: 'object', additionalProperties: false, required: ['addresses', 'service', 'port', 'endpoints'],
  description: 'A service that the app dials by an address of its own.',
  properties: {
    addresses: { type: 'array', minItems: 1, maxItems: 64, items: ip('An address of the service.'), description: 'Whatever is dialled at one of these on `port` goes to the service.' },
    service: LISTENER.properties.service,
    port: LISTENER.properties.port,
    protocol: PROTOCOL,
    endpoints: LISTENER.properties.endpoints,
    balancer: BALANCER,
    retry: RETRY,
    timeout: TIMEOUT,
  },
} as const satisfies Schema;

const TRANSPARENT = {
  type: 'object', additionalProperties: false, required: ['addresses'],
  description: 'For a workload whose connections the kernel redirects to this proxy (`agent init`). What is dialled decides; what no service has goes straight through.',
  properties: {
    addresses: { type: 'array', minItems: 1, maxItems: 64, items: ip('An address of the workload.'), description: 'The workload’s own addresses; nobody else has them.' },
    outboundPort: { ...portNumber('Takes what the app dials.'), default: 4140 },
    plainPort: { ...portNumber('Takes what is dialled to the app in plain text.'), default: 4142 },
    ownPorts: { type: 'array', maxItems: 64, items: portNumber('A port of the proxy.'), description: 'Ports of the proxy that are no targets besides its listeners; the default is 4190 and 4191.' },
    services: { type: 'array', maxItems: 1_000, items: VIRTUAL_SERVICE, description: 'Services that the app dials.' },
  },
} as const satisfies Schema;

/** The whole file. */
export const STATIC_SCHEMA = {
  type: 'object', additionalProperties: false, required: ['workload', 'certificate', 'inbound'],
  description: 'A Sidelight proxy without a control plane.',
  properties: {
    $schema: { type: 'string', description: 'For editors.' },
    workload: workload('The workload that this proxy stands beside.'),
    instance: name('Name of this instance; the default is the workload’s name.'),
    zone: ZONE,
    trustDomain: {
      type: 'string', default: 'cluster.local', maxLength: 253, pattern: `^${LABEL}(?:\\.${LABEL})*$`, expected: 'a DNS name in lower case, such as cluster.local',
      description: 'Trust domain of all identities.',
    },
    admin: address('Listener of /metrics, /ready, /live and the rest; the default is 127.0.0.1:4191.'),
    logLevel: { type: 'string', enum: ['debug', 'info', 'warn', 'error'], default: 'info', description: 'Least level that is logged.' },
    accessLog: { type: 'string', enum: ['off', 'apache', 'json'], default: 'off', description: 'A line on standard output for each request of the app.' },
    tracing: {
      type: 'object', additionalProperties: false, required: ['collector'],
      description: 'Spans of sampled requests; none when absent.',
      properties: {
        collector: {
          type: 'string', maxLength: 2048, pattern: '^https?://[^\\s/?#]+(?:/[^\\s]*)?$', expected: 'an http or https URL, such as http://127.0.0.1:4318/v1/traces',
          description: 'Where spans are posted to by OTLP/HTTP.',
        },
        sharePercent: { type: 'integer', default: 0, minimum: 0, maximum: 100, description: 'Of the requests without a sampling decision so many get a trace.' },
      },
    },
    certificate: {
      type: 'object', additionalProperties: false, required: ['chainFile', 'keyFile', 'trustAnchorsFile'],
      description: 'PEM files, read again on SIGHUP and when they change.',
      properties: {
        chainFile: path('The leaf, then its issuers.'),
        keyFile: path('The leaf’s private key, ECDSA P-256.'),
        trustAnchorsFile: path('The authorities that other proxies are verified by.'),
      },
    },
    handover: path('Unix socket over which a new process takes this one’s listeners, so that no connection is refused while it is replaced; none when absent.'),
    inbound: {
      type: 'object', additionalProperties: false, required: ['mesh'],
      description: 'What comes to the app.',
      properties: {
        mesh: address('The mTLS listener for other proxies.'),
        policy: { type: 'string', enum: ['all-unauthenticated', 'all-authenticated'], default: 'all-unauthenticated', description: 'all-authenticated denies callers without a verified identity.' },
        ports: { type: 'array', maxItems: 1_000, items: INBOUND_PORT, description: 'Ports of the app.' },
      },
    },
    outbound: { type: 'array', maxItems: 1_000, items: LISTENER, description: 'Services that the app calls.' },
    transparent: TRANSPARENT,
  },
} as const satisfies Schema;

type Members<Properties, Required> = { readonly [Name in keyof Properties as Name extends Required ? Name : never]: ValueOf<Properties[Name]> } & {
  readonly [Name in keyof Properties as Name extends Required ? never : Name]?: ValueOf<Properties[Name]>;
};

/** The type of the values that a schema accepts. */
export type ValueOf<S> = S extends { readonly enum: readonly (infer Word)[] }
  ? Word
  : S extends { readonly type: 'string' }
    ? string
    : S extends { readonly type: 'integer' | 'number' }
      ? number
      : S extends { readonly type: 'array'; readonly items: infer Items }
        ? readonly ValueOf<Items>[]
        : S extends { readonly properties: infer Properties; readonly required: readonly (infer Required)[] }
          ? Members<Properties, Required>
          : never;

/** A valid file, defaults not yet filled in. */
export type StaticFile = ValueOf<typeof STATIC_SCHEMA>;

/** The text of `schema.json`. */
export function schemaJson(): string {
  const dialect = { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'Sidelight proxy, static configuration' };
  return `${JSON.stringify({ ...dialect, ...STATIC_SCHEMA }, (key, value: unknown) => (key === 'expected' ? undefined : value), 2)}\n`;
}

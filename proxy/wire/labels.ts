/** The words that name a row of metrics, the same from the proxy to the console. */

declare const brand: unique symbol;

/** `namespace/kind/name`, kind in lower case: `shop/deployment/web`, on plain hosts `shop/host/web`. Empty: not known. */
export type WorkloadKey = string & { readonly [brand]?: 'WorkloadKey' };

/** `namespace/name`: `shop/web`. External destinations: `external/<host>`. Empty: not known. */
export type ServiceKey = string & { readonly [brand]?: 'ServiceKey' };

/** A TLS identity: the DNS SAN `<sa>.<ns>.serviceaccount.identity.sidelight.<trust-domain>`. */
export type Identity = string & { readonly [brand]?: 'Identity' };

export const DIRECTIONS = ['inbound', 'outbound'] as const;
/** Whose view a row is: `outbound` the caller's proxy, `inbound` the callee's. Views are never added. */
export type Direction = (typeof DIRECTIONS)[number];

export const PROTOCOLS = ['http1', 'http2', 'grpc', 'opaque', 'tls'] as const;
/** What the proxy read: for `opaque` and `tls` (passed through) an exchange is one connection. */
export type Protocol = (typeof PROTOCOLS)[number];

export const TLS_STATES = ['mtls', 'plain'] as const;
/** `mtls`: the hop was mutual TLS with verified identities on both sides. */
export type TlsState = (typeof TLS_STATES)[number];

export const FAULTS = ['app', 'mesh', 'client'] as const;
/** Whose fault a failure is. `mesh`: the callee's app never saw it. `client`: the caller cancelled or sent garbage. */
export type Fault = (typeof FAULTS)[number];

/** The identity of a service account. */
export function identityOf(serviceAccount: string, namespace: string, trustDomain: string): Identity {
  return `${serviceAccount}.${namespace}.serviceaccount.identity.sidelight.${trustDomain}`;
}

/** The parts of an identity, or null when it isn't one well-formed identity of that trust domain (wildcards are none). */
export function parseIdentity(identity: string, trustDomain: string): { serviceAccount: string; namespace: string } | null {
  const suffix = `.serviceaccount.identity.sidelight.${trustDomain}`;
  if (!identity.endsWith(suffix)) return null;
  const match = /^([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)$/.exec(identity.slice(0, -suffix.length));
  const [, serviceAccount, namespace] = match ?? [];
  return serviceAccount && namespace ? { serviceAccount, namespace } : null;
}

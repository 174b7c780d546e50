/**
 * What the parts of Sidelight in a Kubernetes cluster call each other: who installs, who injects, who serves and who dials
 * read the names here. Each is used in objects of clusters that run: a change needs an upgrade path.
 */

/** The namespace of agent and control plane. Its pods are never injected. */
export const NAMESPACE = 'sidelight';

/** One replica, recreated, never rolled: windows are merged in one place. */
export const AGENT_DEPLOYMENT = 'sidelight-agent';
/** Two or more replicas. */
export const CONTROL_DEPLOYMENT = 'sidelight-control';

/**
 * Service accounts. The identity in a serving certificate is made of the account's name, and proxies dial
 * `control.sidelight.serviceaccount.identity.sidelight.<trust domain>`.
 */
export const CONTROL_ACCOUNT = 'control';
export const AGENT_ACCOUNT = 'agent';

/** ClusterIP Service of the control replicas: `certify` and control link on one port, the webhook on another. */
export const CONTROL_SERVICE = 'sidelight-control';
export const CONTROL_PORT = 8086;
export const WEBHOOK_PORT = 443;
/** Container port of the webhook: below 1024 nobody but root may listen. */
export const WEBHOOK_TARGET_PORT = 8443;
/** ClusterIP Service of the agent: takes windows that control replicas relay, over mTLS. */
export const AGENT_SERVICE = 'sidelight-agent';
export const RELAY_PORT = 8087;
/** Container port of `/metrics`, `/ready` and `/live` of both. */
export const ADMIN_PORT = 9990;

/** Secret in NAMESPACE with the certificate authority and the state of its rotation; only control replicas read it. */
export const AUTHORITY_SECRET = 'sidelight-authority';
/** Secret in NAMESPACE with the cluster's token for the cloud, under CLOUD_TOKEN_KEY; the chart's `existingSecret` replaces its name. */
export const CLOUD_TOKEN_SECRET = 'sidelight-cloud-token';
export const CLOUD_TOKEN_KEY = 'token';
/** ConfigMap in each meshed namespace with the trust anchors (PEM) under BUNDLE_KEY. */
export const BUNDLE_CONFIG_MAP = 'sidelight-trust-bundle';
export const BUNDLE_KEY = 'trust-bundle.pem';

/** Audience of the projected service account tokens that entitle to a certificate: no other token does. */
export const TOKEN_AUDIENCE = 'identity.sidelight.dev';
/** Life of such a token; kubelet renews it at 80 %. The least that Kubernetes allows is ten minutes. */
export const TOKEN_EXPIRATION_SECONDS = 3_600;

/** The sidecar's container: an init container with `restartPolicy: Always`, or an ordinary one where there are none. */
export const PROXY_CONTAINER = 'sidelight-proxy';
/** The init container that redirects the pod's connections. */
export const INIT_CONTAINER = 'sidelight-init';
/** User and group of the sidecar; connections of nobody else may be its. */
export const PROXY_UID = 2102;

/** The sidecar's ports, DESIGN.md's. */
export const PROXY_PORTS = { outbound: 4140, plain: 4142, mesh: 4143, tap: 4190, admin: 4191 } as const;

/** Where the sidecar finds what is mounted. */
export const TOKEN_FOLDER = '/var/run/secrets/sidelight/token';
export const BUNDLE_FOLDER = '/var/run/secrets/sidelight/bundle';
/** A volume in memory: key, certificate and last orders. */
export const STATE_FOLDER = '/var/run/sidelight';

/** Annotations of pods, Services and namespaces begin with this. */
export const ANNOTATION_PREFIX = 'config.sidelight.dev/';
/** Ports (and ranges) of which nothing is parsed, on a Service or its namespace; replaces what the mesh takes for granted. */
export const OPAQUE_PORTS_ANNOTATION = `${ANNOTATION_PREFIX}opaque-ports`;
/** `all-unauthenticated` or `all-authenticated`, on a pod or its namespace. */
export const INBOUND_POLICY_ANNOTATION = `${ANNOTATION_PREFIX}default-inbound-policy`;

/** What a sidecar's environment is made of. */
export interface SidecarFacts {
  /** ClusterIP of CONTROL_SERVICE: proxies dial no names. */
  readonly controlAddress: string;
  /** `namespace/kind/name`; of a pod without an owner `<namespace>/pod/$(SIDELIGHT_PROXY_INSTANCE)`. */
  readonly workload: string;
  readonly trustDomain: string;
}

/** One entry of a container's `env`. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
}

/** What the proxy reads at its start (`proxy/config.ts`); IPv4 and IPv6 addresses are both taken. The instance comes first, since the workload may name it. */
export function sidecarEnvironment({ controlAddress, workload, trustDomain }: SidecarFacts): EnvironmentVariable[] {
  const host = controlAddress.includes(':') ? `[${controlAddress}]` : controlAddress;
  const setting = (name: string, value: string): EnvironmentVariable => ({ name: `SIDELIGHT_PROXY_${name}`, value });
  return [
    { name: 'SIDELIGHT_PROXY_INSTANCE', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    setting('WORKLOAD', workload),
    setting('CONTROL', `${host}:${CONTROL_PORT}`),
    setting('TOKEN_FILE', `${TOKEN_FOLDER}/token`),
    setting('TRUST_BUNDLE_FILE', `${BUNDLE_FOLDER}/${BUNDLE_KEY}`),
    setting('TRUST_DOMAIN', trustDomain),
    setting('ADMIN', `0.0.0.0:${PROXY_PORTS.admin}`),
    setting('STATE_DIR', STATE_FOLDER),
  ];
}

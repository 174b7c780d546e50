/**
 * The control link between proxy and control plane: TLS, each message a frame of a 4-byte big-endian length and that many
 * bytes of UTF-8 JSON (`kind` names the message). One port serves both phases: a connection without a client certificate
 * may only `certify`; one with a verified client certificate may say `hello`.
 */
import type { Identity, ServiceKey, WorkloadKey } from './labels.ts';
import type { ServicePolicy } from './policy.ts';
import type { ProxyWindow } from './report.ts';
import type { TapReport, TapSession } from './tap.ts';
import type { TelemetryOrders } from './telemetry.ts';

/** A longer frame closes the link with code `frame_too_long`. */
export const FRAME_BYTES_MAX = 8 * 1024 * 1024;

export interface SocketAddress {
  /** An IP address, never a name. */
  readonly host: string;
  readonly port: number;
}

/** A proxy says its status at least this often, so that one whose host vanished is told from one that is idle. */
export const STATUS_MS_MAX = 20_000;

/** A proxy whose endpoints prove wrong identities asks for its orders at most this often. */
export const REDISCOVER_MS_MIN = 1_000;

export const PORT_PROTOCOLS = ['http1', 'http2', 'opaque', 'detect'] as const;
/**
 * How a port is served: `http2` is HTTP/2 with prior knowledge, gRPC included; `opaque` copies bytes; `detect` reads the
 * first bytes of each connection. Both ends of a hop use the server's setting. Proxies before 0.2 know `http1` and `opaque`.
 */
export type PortProtocol = (typeof PORT_PROTOCOLS)[number];

/** Ports that `detect` treats as `opaque` from the start, since their servers speak first or their clients not at once; Linkerd's defaults. */
export const OPAQUE_PORTS: readonly number[] = [25, 587, 3306, 4444, 5432, 6379, 9300, 11211];

/** One place where a service is served. */
export interface Endpoint {
  /** Where the app listens, as seen from its own proxy; the target of the hop's CONNECT. */
  readonly address: SocketAddress;
  readonly workload: WorkloadKey;
  /** The instance's (pod's) name. */
  readonly instance: string;
  /** Null for an endpoint without a running sidecar: it is dialled directly, in plain text. */
  readonly mesh: { readonly address: SocketAddress; readonly identity: Identity } | null;
  /** Where it runs; absent: in no zone. */
  readonly zone?: string;
  /** Its share beside the others', which have 1 when it is absent; above 0. */
  readonly weight?: number;
}

/** An explicit outbound listener: whoever connects to it talks to `service`. */
export interface OutboundListener {
  readonly listen: SocketAddress;
  readonly service: ServiceKey;
  readonly port: number;
  readonly protocol: PortProtocol;
  readonly endpoints: readonly Endpoint[];
  /** What the service asks for; absent: nothing. */
  readonly policy?: ServicePolicy;
}

/** A port of the app behind this proxy. */
export interface InboundPort {
  /** Where the app listens; CONNECT must name exactly one of these. */
  readonly target: SocketAddress;
  /** Services that own the port, sorted by name; unmeshed callers count for the first. */
  readonly services: readonly ServiceKey[];
  readonly protocol: PortProtocol;
  /** Explicit plain-text listener for callers outside the mesh, or null for none. */
  readonly plain: SocketAddress | null;
}

/** A port of a service, however it is reached. */
export type ServicePort = Omit<OutboundListener, 'listen'>;

/** Where connections to an address go, as the control plane knows it. */
export type Destination =
  /** The virtual address of a service: balanced. */
  | { readonly kind: 'service'; readonly to: ServicePort }
  /** An instance's own address: that instance and no other. `service`: the first by name that owns the port, or empty. */
  | { readonly kind: 'endpoint'; readonly service: ServiceKey; readonly protocol: PortProtocol; readonly endpoint: Endpoint }
  /** Nothing of the mesh: straight through. */
  | { readonly kind: 'external' };

/** A service's port by the addresses under which apps dial it. */
export interface VirtualService {
  /** IP addresses in the form of `formatIp`. */
  readonly addresses: readonly string[];
  readonly to: ServicePort;
}

/** Services that orders name beforehand; the others are asked for with `resolve`. */
export const VIRTUAL_SERVICES_MAX = 1_000;

/** What a proxy needs whose app is redirected to it by the kernel. Absent from orders for explicit listeners only. */
export interface TransparentOrders {
  /** The workload's own IP addresses, in the form of `formatIp`. */
  readonly addresses: readonly string[];
  /** Takes what the app dials; the field's is 4140. */
  readonly outboundPort: number;
  /** Takes what was dialled to the app in plain text; the field's is 4142. */
  readonly plainPort: number;
  /** Ports of the proxy besides its listeners (admin, tap): no targets. */
  readonly ownPorts: readonly number[];
  readonly services: readonly VirtualService[];
  /** The control plane answers `resolve`. */
  readonly discovery: boolean;
}

/** `all-authenticated` denies callers without a verified mesh identity. */
export type InboundPolicy = 'all-unauthenticated' | 'all-authenticated';

/** The whole configuration of one proxy; each message replaces the last one. */
export interface ProxyOrders {
  /** Grows with every change of this proxy's orders. */
  readonly revision: number;
  readonly workload: WorkloadKey;
  readonly trustDomain: string;
  readonly inbound: {
    /** The mTLS listener. */
    readonly mesh: SocketAddress;
    readonly ports: readonly InboundPort[];
    readonly policy: InboundPolicy;
  };
  readonly outbound: readonly OutboundListener[];
  /** Where this proxy runs: endpoints of the same zone are preferred. Absent: in no zone. */
  readonly zone?: string;
  /** Absent: explicit listeners only; so it is from control planes before this field. */
  readonly transparent?: TransparentOrders;
  /** Access log and traces; absent: the proxy's own settings hold. */
  readonly telemetry?: TelemetryOrders;
}

export type ToControl =
  | {
      readonly kind: 'certify';
      readonly version: number;
      /** The join token (host) or the service account's token (Kubernetes). */
      readonly token: string;
      readonly workload: WorkloadKey;
      /** PKCS#10, DER, base64. Its key is ECDSA P-256; the subject and extensions are ignored. */
      readonly csr: string;
    }
  | {
      readonly kind: 'hello';
      readonly version: number;
      readonly proxyVersion: string;
      readonly workload: WorkloadKey;
      /** The instance's (pod's, host's) configured name, as in the mesh file. */
      readonly instanceName: string;
      /** The process's random instance, as in its windows. */
      readonly instance: string;
    }
  | { readonly kind: 'window'; readonly window: ProxyWindow }
  | {
      /** On each change, and at least every `STATUS_MS_MAX`: a control plane that hears nothing for twice as long gives the proxy up. */
      readonly kind: 'status';
      readonly ready: boolean;
      /** Revision of the orders in force. */
      readonly revision: number;
      /** The leaf's notAfter as ISO 8601, as loaded. */
      readonly certificateNotAfter: string | null;
      /**
       * The trust anchors in force: SHA-256 in lower-case hex of their fingerprints (each SHA-256 of the DER, in the same
       * form), sorted and joined by line feeds. Null without a leaf; absent from proxies before this field.
       */
      readonly bundleSha256?: string | null | undefined;
      /** Fingerprint of the anchor that the leaf in force leads to; null and absent as above. */
      readonly anchorSha256?: string | null | undefined;
    }
  /**
   * The process ends in good order and counts no more; `sequence` is that of its last window, 0 for none. Windows that the
   * control plane has are acknowledged as soon as they are safe, without waiting for their tick's end; then the link closes.
   */
  | { readonly kind: 'goodbye'; readonly sequence: number }
  /** What tap sessions have seen; only while the control plane asks for some. */
  | { readonly kind: 'tap'; readonly reports: readonly TapReport[] }
  /**
   * An endpoint of the orders proved another identity than it should have: is it still there? The orders are sent again.
   * At most one in `REDISCOVER_MS_MIN` from one proxy.
   */
  | { readonly kind: 'rediscover'; readonly service: ServiceKey; readonly port: number; readonly address: SocketAddress; readonly identity: Identity }
  /** Asks where an address leads. Each change is told as `resolved` until `forget`. Only of whose orders say `discovery`. */
  | { readonly kind: 'resolve'; readonly address: SocketAddress }
  | { readonly kind: 'forget'; readonly address: SocketAddress };

/** Addresses that one proxy watches at a time; a `resolve` beyond gets no answer and is counted. */
export const WATCHES_MAX = 10_000;

export type FromControl =
  | {
      readonly kind: 'certified';
      /** Leaf first, then issuers, PEM. */
      readonly certificateChain: string;
      /** Trust anchors, PEM. */
      readonly trustBundle: string;
      readonly notAfter: string;
    }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  /** `takesRediscover` is absent from control planes before that message, which would refuse it. */
  | { readonly kind: 'welcome'; readonly version: number; readonly takesRediscover?: boolean }
  | { readonly kind: 'orders'; readonly orders: ProxyOrders }
  /** Window `tick` began `elapsedMs` ago; sent on hello and at each window's begin. Ends every older window. */
  | { readonly kind: 'tick'; readonly tick: number; readonly tickMs: number; readonly elapsedMs: number }
  /** All windows of this instance up to `sequence` are safe on the agent's disk. */
  | { readonly kind: 'acknowledge'; readonly sequence: number }
  /** Trust anchors changed. */
  | { readonly kind: 'bundle'; readonly trustBundle: string }
  /** Another anchor issues: ask for a new leaf at a random moment within so many ms. Without this it comes when it is due. */
  | { readonly kind: 'renew'; readonly withinMs: number }
  /** All tap sessions of this proxy; each message replaces the last one. They end by themselves. */
  | { readonly kind: 'tap'; readonly sessions: readonly TapSession[] }
  /** The answer to a `resolve`, and each change of it. */
  | { readonly kind: 'resolved'; readonly address: SocketAddress; readonly destination: Destination };

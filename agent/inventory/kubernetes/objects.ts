/** What is read of Kubernetes' objects, as the API writes them; the client's own types fit these. */

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly controller?: boolean;
}

export interface ObjectMeta {
  readonly name?: string;
  readonly namespace?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Any object of which only the metadata counts: Namespace, Node, ReplicaSet, Job. */
export interface KubeObject {
  readonly metadata?: ObjectMeta;
}

/** core/v1 Service. */
export interface KubeService extends KubeObject {
  readonly spec?: {
    readonly type?: string;
    /** `None` for a headless one. */
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string; readonly appProtocol?: string }[];
  };
}

export interface KubeEndpoint {
  readonly addresses: readonly string[];
  /** A member that is absent is unknown; for `ready` that counts as true. */
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  readonly zone?: string;
  readonly hints?: { readonly forZones?: readonly { readonly name: string }[] };
  readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
}

/** discovery.k8s.io/v1 EndpointSlice. */
export interface KubeEndpointSlice extends KubeObject {
  /** `IPv4`, `IPv6` or `FQDN`. */
  readonly addressType: string;
  readonly endpoints?: readonly KubeEndpoint[];
  readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[];
}

export interface KubeContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
}

/** core/v1 Pod. */
export interface KubePod extends KubeObject {
  readonly spec?: {
    readonly serviceAccountName?: string;
    readonly hostNetwork?: boolean;
    readonly nodeName?: string;
    readonly containers?: readonly { readonly name: string; readonly image?: string }[];
    readonly initContainers?: readonly { readonly name: string; readonly restartPolicy?: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip?: string }[];
    readonly containerStatuses?: readonly KubeContainerStatus[];
    readonly initContainerStatuses?: readonly KubeContainerStatus[];
  };
}

/** `namespace/name`; of an object without a namespace `/name`. */
export function objectKey({ metadata }: KubeObject): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}

/** The one owner that manages an object, or null. */
export function controllerOf({ metadata }: KubeObject): OwnerReference | null {
  return metadata?.ownerReferences?.find(({ controller }) => controller === true) ?? null;
}

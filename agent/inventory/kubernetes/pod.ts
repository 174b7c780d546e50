/** What the mesh takes from a pod. Whole pods are some 10 KB each: what isn't needed is not kept. Pure. */
import { canonicalIp } from '../../../proxy/wire/ip.ts';
import type { InboundPolicy } from '../../../proxy/wire/orders.ts';
import { controllerOf, type KubeContainerStatus, type KubePod, objectKey, type OwnerReference } from './objects.ts';

/** What marks pods, by whoever injects. */
export interface PodMarks {
  /** Name of the sidecar's container. */
  readonly sidecar: string;
  /** Annotation of the inbound policy. */
  readonly inboundPolicy: string;
}

export interface PodFacts {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  readonly owner: OwnerReference | null;
  /** In the form of `formatIp`; its node's where it shares the node's network; none until it has one. */
  readonly addresses: readonly string[];
  readonly hostNetwork: boolean;
  readonly node: string;
  /** `starting`: it has one that was never ready. A sidecar that restarts is still `ready`: what the pod gets must go through it. */
  readonly sidecar: 'none' | 'starting' | 'ready';
  /** It has ended, and its address may be somebody else's. */
  readonly over: boolean;
  /** Null: it says nothing. */
  readonly inboundPolicy: InboundPolicy | null;
}

export function readPod(pod: KubePod, marks: PodMarks): PodFacts {
  const { metadata, spec, status } = pod;
  const listed = status?.podIPs?.map(({ ip }) => ip) ?? [status?.podIP];
  return {
    key: objectKey(pod),
    namespace: metadata?.namespace ?? '',
    name: metadata?.name ?? '',
    serviceAccount: spec?.serviceAccountName ?? 'default',
    owner: controllerOf(pod),
    addresses: listed.flatMap((ip) => canonicalIp(ip ?? '') ?? []),
    hostNetwork: spec?.hostNetwork ?? false,
    node: spec?.nodeName ?? '',
    sidecar: sidecarOf(pod, marks.sidecar),
    over: status?.phase === 'Succeeded' || status?.phase === 'Failed',
    inboundPolicy: readInboundPolicy(metadata?.annotations?.[marks.inboundPolicy]),
  };
}

/** Null for what is none; who admits pods has told its owner. */
export function readInboundPolicy(text: string | undefined): InboundPolicy | null {
  return text === 'all-unauthenticated' || text === 'all-authenticated' ? text : null;
}

function sidecarOf({ spec, status }: KubePod, name: string): PodFacts['sidecar'] {
  const named = (container: { readonly name: string }): boolean => container.name === name;
  if (!spec?.initContainers?.some(named) && !spec?.containers?.some(named)) return 'none';
  const told = status?.initContainerStatuses?.find(named) ?? status?.containerStatuses?.find(named);
  return told !== undefined && wasUp(told) ? 'ready' : 'starting';
}

function wasUp({ ready, restartCount }: KubeContainerStatus): boolean {
  return ready || restartCount > 0;
}

/**
 * What agent and control plane may do in a cluster, as data for whoever applies it. No wildcard, no secrets outside our
 * namespace, none of the verbs by which rights are made (bind, escalate, impersonate).
 */

/** One rule of a Role or ClusterRole (rbac.authorization.k8s.io/v1). */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

const FOLLOW = ['get', 'list', 'watch'] as const;

/** Cluster-wide, for discovery: all that `FOLLOWED` names. */
export const DISCOVERY_RULES: readonly Rule[] = [
  { apiGroups: [''], resources: ['namespaces', 'nodes', 'services', 'pods'], verbs: FOLLOW },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: FOLLOW },
  { apiGroups: ['apps'], resources: ['replicasets'], verbs: FOLLOW },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: FOLLOW },
];

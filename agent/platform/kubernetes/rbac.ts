/**
 * What agent and control plane may do in a cluster, as data for whoever applies it. No wildcard, no secrets outside our
 * namespace, none of the verbs by which rights are made (bind, escalate, impersonate).
 */

import { AUTHORITY_SECRET, BUNDLE_CONFIG_MAP } from './names.ts';

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

/** Cluster-wide, for the control plane: whose token it is, and the trust bundle in each meshed namespace. */
export const IDENTITY_RULES: readonly Rule[] = [
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  { apiGroups: [''], resources: ['configmaps'], resourceNames: [BUNDLE_CONFIG_MAP], verbs: ['get', 'create', 'patch'] },
];

/** In our namespace, for the control plane: the authority. A name can't limit who makes a Secret by POST. */
export const AUTHORITY_RULES: readonly Rule[] = [
  { apiGroups: [''], resources: ['secrets'], resourceNames: [AUTHORITY_SECRET], verbs: ['get', 'update'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
];

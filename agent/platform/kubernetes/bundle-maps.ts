/** The trust bundle in a ConfigMap of each meshed namespace, where sidecars mount it. */
import type { KubeApi } from './api.ts';
import { APPLY_TYPE } from './api.ts';
import { BUNDLE_CONFIG_MAP, BUNDLE_KEY } from './names.ts';

const FIELD_MANAGER = 'sidelight-control';

/** Makes the namespace's ConfigMap what it should be; false when the API server refuses. Throws `AgentFault` `kubernetes_unreachable`. */
export async function applyBundle(api: KubeApi, namespace: string, trustBundle: string): Promise<boolean> {
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: BUNDLE_CONFIG_MAP, namespace, labels: { 'app.kubernetes.io/managed-by': 'sidelight' } }, data: { [BUNDLE_KEY]: trustBundle } };
  const path = `/api/v1/namespaces/${namespace}/configmaps/${BUNDLE_CONFIG_MAP}?fieldManager=${FIELD_MANAGER}&force=true`;
  const { status } = await api.ask({ method: 'PATCH', path, body, contentType: APPLY_TYPE });
  return status === 200 || status === 201;
}

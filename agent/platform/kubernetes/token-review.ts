/** Who a service account token belongs to: the API server tells, and a pod gets an identity for its own workload only. */
import { identityOf, type WorkloadKey } from '../../../proxy/wire/labels.ts';
import type { Proof } from '../../proxies/session.ts';
import type { KubeApi } from './api.ts';
import { TOKEN_AUDIENCE } from './names.ts';

/** `status` of a TokenReview (authentication.k8s.io/v1), as far as it is read. */
export interface ReviewStatus {
  readonly authenticated?: boolean;
  readonly audiences?: readonly string[];
  readonly error?: string;
  readonly user?: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
}

/** The workload and account of a pod by `namespace/name`, as discovery knows it; null: not known. */
export type PodOwner = (pod: string) => { readonly workload: WorkloadKey; readonly serviceAccount: string } | null;

const POD_NAME = 'authentication.kubernetes.io/pod-name';

/** Asks the API server. Throws `AgentFault` `kubernetes_unreachable`. */
export async function reviewToken(api: KubeApi, token: string): Promise<ReviewStatus> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences: [TOKEN_AUDIENCE] } };
  const answer = await api.ask({ method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body });
  if (answer.status !== 201) return { error: `the review was refused with status ${answer.status}` };
  return (answer.body as { status?: ReviewStatus }).status ?? {};
}

/** Whether what was reviewed entitles to `workload`'s identity. Pure. */
export function proofOf(status: ReviewStatus, workload: WorkloadKey, podOwner: PodOwner, trustDomain: string): Proof {
  const refused = (reason: string): Proof => ({ kind: 'refused', reason });
  if (status.authenticated !== true) return refused(`the token is not valid${status.error === undefined ? '' : ` (${status.error})`}`);
  // An API server that knows no audiences leaves them out, and then takes any token.
  if (!status.audiences?.includes(TOKEN_AUDIENCE)) return refused(`the token is not for ${TOKEN_AUDIENCE}`);
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(status.user?.username ?? '') ?? [];
  if (namespace === undefined || account === undefined) return refused('the token is not that of a service account');
  const pod = status.user?.extra?.[POD_NAME]?.[0];
  if (pod === undefined) return refused('the token is bound to no pod');
  const owner = podOwner(`${namespace}/${pod}`);
  if (owner === null) return refused(`the pod ${namespace}/${pod} is not known (yet)`);
  if (owner.workload !== workload) return refused(`the pod ${namespace}/${pod} is of ${owner.workload}, not of ${workload}`);
  if (owner.serviceAccount !== account) return refused(`the pod ${namespace}/${pod} runs as ${owner.serviceAccount}, not as ${account}`);
  return { kind: 'proved', identity: identityOf(account, namespace, trustDomain) };
}

/** The cluster's certificate authority in its Secret: made once, by whichever replica comes first. */
import { AgentFault } from '../../fault.ts';
import { type Authority, authorityOf, createAuthority } from '../../issuer/authority.ts';
import type { KubeApi } from './api.ts';
import { AUTHORITY_SECRET, NAMESPACE } from './names.ts';

const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`;
const KEY = 'key.pem';
const CERTIFICATE = 'certificate.pem';

/**
 * The authority that is in force, made when there is none. Of two replicas that make one at a time the API server takes
 * one's, and both use that. Throws `AgentFault`: `ca_unreadable` for a Secret that can't be read, else as `authorityOf`.
 */
export async function openClusterAuthority(api: KubeApi, trustDomain: string, nowMs: number): Promise<Authority> {
  const there = await readSecret(api);
  if (there !== null) return authorityIn(there, trustDomain, nowMs);
  const { authority, keyPem } = createAuthority(trustDomain, nowMs);
  const secret = {
    apiVersion: 'v1', kind: 'Secret', metadata: { name: AUTHORITY_SECRET, namespace: NAMESPACE }, type: 'Opaque',
    stringData: { [KEY]: keyPem, [CERTIFICATE]: authority.certificatePem },
  };
  const { status } = await api.ask({ method: 'POST', path: SECRETS, body: secret });
  if (status !== 201 && status !== 409) throw unreadable(`can't be made (status ${status})`);
  // Read back also what was just made: only what the API server keeps is in force.
  const kept = await readSecret(api);
  if (kept === null) throw unreadable('is gone right after it was made');
  return authorityIn(kept, trustDomain, nowMs);
}

/** Null: there is none. */
async function readSecret(api: KubeApi): Promise<Readonly<Record<string, string>> | null> {
  const { status, body } = await api.ask({ method: 'GET', path: `${SECRETS}/${AUTHORITY_SECRET}` });
  if (status === 404) return null;
  if (status !== 200) throw unreadable(`can't be read (status ${status})`);
  return (body as { data?: Record<string, string> }).data ?? {};
}

function authorityIn(data: Readonly<Record<string, string>>, trustDomain: string, nowMs: number): Authority {
  const text = (name: string): string => Buffer.from(data[name] ?? '', 'base64').toString();
  return authorityOf({ keyPem: text(KEY), certificatePem: text(CERTIFICATE), place: `the Secret ${NAMESPACE}/${AUTHORITY_SECRET}`, trustDomain, nowMs });
}

function unreadable(why: string): AgentFault {
  return new AgentFault('ca_unreadable', `the Secret ${NAMESPACE}/${AUTHORITY_SECRET} with the authority ${why}`, 'give the control plane its Role again; it may get, create and update that Secret');
}

/** The trust bundle in a ConfigMap of each meshed namespace, where sidecars mount it. */
import type { Metrics } from '../../admin/metrics.ts';
import { messageOf } from '../../fault.ts';
import type { Log } from '../../log.ts';
import { APPLY_TYPE, type KubeApi } from './api.ts';
import { BUNDLE_CONFIG_MAP, BUNDLE_KEY } from './names.ts';

const FIELD_MANAGER = 'sidelight-control';

/** Makes the namespace's ConfigMap what it should be; false when the API server refuses. Throws `AgentFault` `kubernetes_unreachable`. */
export async function applyBundle(api: KubeApi, namespace: string, trustBundle: string): Promise<boolean> {
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: BUNDLE_CONFIG_MAP, namespace, labels: { 'app.kubernetes.io/managed-by': 'sidelight' } }, data: { [BUNDLE_KEY]: trustBundle } };
  const path = `/api/v1/namespaces/${namespace}/configmaps/${BUNDLE_CONFIG_MAP}?fieldManager=${FIELD_MANAGER}&force=true`;
  const { status } = await api.ask({ method: 'PATCH', path, body, contentType: APPLY_TYPE });
  return status === 200 || status === 201;
}

/** How often failed ConfigMaps are tried again. */
export const RETRY_MS = 1_000;
/** How often each is written anew, whatever somebody has made of it. */
export const REAPPLY_MS = 60_000;

export interface BundleKeeperParts {
  readonly apply: (namespace: string, trustBundle: string) => Promise<boolean>;
  /** Namespaces with sidecars. */
  readonly namespaces: () => ReadonlySet<string>;
  /** PEM. */
  readonly trustBundle: () => string;
  readonly monotonicMs: () => number;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Gives each meshed namespace the bundle in force: a new one at once, each again now and then. One write at a time. */
export class BundleKeeper {
  readonly #parts: BundleKeeperParts;
  /** By namespace what was written, and when. */
  readonly #written = new Map<string, { readonly bundle: string; readonly atMs: number }>();
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #again = false;

  constructor(parts: BundleKeeperParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), RETRY_MS);
    this.look();
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#running;
  }

  /** To be called when a namespace may have become meshed, and when the bundle has changed. */
  look(): void {
    this.#again = true;
    this.#running ??= this.#write().finally(() => void (this.#running = null));
  }

  async #write(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      const namespaces = this.#parts.namespaces();
      for (const namespace of this.#written.keys()) if (!namespaces.has(namespace)) this.#written.delete(namespace);
      for (const namespace of namespaces) if (this.#isDue(namespace)) await this.#writeOne(namespace);
    }
  }

  #isDue(namespace: string): boolean {
    const written = this.#written.get(namespace);
    return written?.bundle !== this.#parts.trustBundle() || this.#parts.monotonicMs() - written.atMs >= REAPPLY_MS;
  }

  async #writeOne(namespace: string): Promise<void> {
    const { apply, trustBundle, monotonicMs, metrics, log } = this.#parts;
    const bundle = trustBundle();
    const failure = await apply(namespace, bundle).then((applied) => (applied ? null : 'the API server refused'), messageOf);
    if (failure === null) {
      this.#written.set(namespace, { bundle, atMs: monotonicMs() });
      return;
    }
    metrics.add('trust_bundle_errors_total');
    log('error', 'a namespace can’t be given the trust bundle and is tried again; its new pods wait for it', { code: 'trust_bundle_unwritten', namespace, reason: failure });
  }
}

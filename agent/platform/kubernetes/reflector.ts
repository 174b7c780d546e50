/** Follows all objects of one kind: lists them, watches from there, and compares now and then with a list anew. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Metrics } from '../../admin/metrics.ts';
import { messageOf } from '../../fault.ts';
import type { Log } from '../../log.ts';
import { backoffMs } from '../../uplink/backoff.ts';
import type { KubeApi } from './api.ts';

/** Objects in a page of a list. */
const PAGE_MAX = 500;
/** The server ends a watch after this; the next one goes on where it ended. */
const WATCH_SECONDS = 300;
/** Between two watches, so that a server which ends each at once is not asked without a pause. */
const REWATCH_MS = 100;
/** Bookmarks come each minute: a watch that is silent for longer is dead. */
const QUIET_MS_MAX = 90_000;
/** Objects of the list and of the watch are compared this often. */
export const RESYNC_MS = 600_000;
/** Events that were on their way while the list was made come within this. */
const RESYNC_GRACE_MS = 2_000;

export interface ReflectedMeta {
  readonly name?: string;
  readonly namespace?: string;
  readonly resourceVersion?: string;
}

export interface Reflected {
  readonly metadata?: ReflectedMeta;
}

export interface ReflectorParts {
  readonly api: KubeApi;
  /** Such as `/api/v1/pods`. */
  readonly path: string;
  /** An object by `namespace/name` as it is now, null: it is gone. */
  readonly put: (key: string, object: Reflected | null) => void;
  /** In [0, 1). */
  readonly random: () => number;
  readonly resyncMs: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

interface Listed {
  readonly objects: ReadonlyMap<string, Reflected>;
  readonly version: string;
}

interface WatchEvent {
  readonly type: string;
  readonly object: Reflected & { readonly code?: number };
}

export class Reflector {
  /** Resolves when all objects that there were at the start have been put. */
  readonly synced: Promise<void>;
  readonly #parts: ReflectorParts;
  readonly #stop = new AbortController();
  /** By key the version that was put. */
  readonly #known = new Map<string, string>();
  readonly #markSynced: () => void;
  /** Where the watch goes on; null: a list comes first. */
  #version: string | null = null;
  #failures = 0;
  #resync: NodeJS.Timeout | null = null;
  #ended: Promise<void> = Promise.resolve();

  constructor(parts: ReflectorParts) {
    this.#parts = parts;
    const { promise, resolve } = Promise.withResolvers<void>();
    [this.synced, this.#markSynced] = [promise, resolve];
  }

  start(): void {
    this.#ended = this.#follow();
    this.#resync = setInterval(() => void this.#compare().catch((thrown: unknown) => this.#failed(thrown)), this.#parts.resyncMs);
    this.#resync.unref();
  }

  async stop(): Promise<void> {
    if (this.#resync) clearInterval(this.#resync);
    this.#stop.abort();
    await this.#ended;
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#version === null) this.#replace(await this.#list());
        await this.#watch(this.#version ?? '');
        await this.#pause(REWATCH_MS);
      } catch (thrown) {
        this.#failed(thrown);
        await this.#pause(backoffMs(this.#failures++, this.#parts.random()));
      }
    }
  }

  /** Ends early when all ends. */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, null, { signal: this.#stop.signal }).catch(() => {});
  }

  #failed(thrown: unknown): void {
    if (this.#stop.signal.aborted) return;
    const { metrics, log, path } = this.#parts;
    metrics.add('kubernetes_watch_errors_total');
    log('warn', 'the cluster’s objects can’t be followed and are asked for again', { code: 'kubernetes_watch_failed', path, reason: messageOf(thrown) });
  }

  async #list(): Promise<Listed> {
    const objects = new Map<string, Reflected>();
    this.#parts.metrics.add('kubernetes_lists_total');
    let next = '';
    for (;;) {
      const { status, body } = await this.#parts.api.ask({ method: 'GET', path: `${this.#parts.path}?limit=${PAGE_MAX}${next && `&continue=${encodeURIComponent(next)}`}` });
      if (status !== 200) throw new Error(`the list was refused with status ${status}`);
      const page = body as { items: Reflected[]; metadata: { resourceVersion: string; continue?: string } };
      for (const object of page.items) objects.set(keyOf(object), object);
      next = page.metadata.continue ?? '';
      if (next === '') return { objects, version: page.metadata.resourceVersion };
    }
  }

  #replace({ objects, version }: Listed): void {
    for (const key of [...this.#known.keys()]) if (!objects.has(key)) this.#put(key, null);
    for (const [key, object] of objects) if (this.#known.get(key) !== versionOf(object)) this.#put(key, object);
    this.#version = version;
    this.#failures = 0;
    this.#markSynced();
  }

  async #watch(version: string): Promise<void> {
    const { api, path } = this.#parts;
    const query = `?watch=true&allowWatchBookmarks=true&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${version}`;
    const status = await api.stream(path + query, QUIET_MS_MAX, this.#stop.signal, (line) => this.#event(JSON.parse(line)));
    if (status === 410) this.#version = null;
    else if (status !== 200) throw new Error(`the watch was refused with status ${status}`);
  }

  #event({ type, object }: WatchEvent): void {
    if (type === 'ERROR') {
      // 410: what happened since is not known any more.
      this.#version = null;
      if (object.code !== 410) throw new Error(`the watch ended with ${JSON.stringify(object)}`);
      return;
    }
    this.#failures = 0;
    if (this.#version !== null) this.#version = versionOf(object);
    if (type !== 'BOOKMARK') this.#put(keyOf(object), type === 'DELETED' ? null : object);
  }

  #put(key: string, object: Reflected | null): void {
    if (object === null) this.#known.delete(key);
    else this.#known.set(key, versionOf(object));
    this.#parts.put(key, object);
  }

  /** What the list has otherwise, and the watch has not told while it had time to, the watch has missed. */
  async #compare(): Promise<void> {
    const before = new Map(this.#known);
    const { objects } = await this.#list();
    await sleep(RESYNC_GRACE_MS, null, { signal: this.#stop.signal });
    const untouched = (key: string): boolean => this.#known.get(key) === before.get(key);
    const missed = [...new Set([...before.keys(), ...objects.keys()])].filter((key) => untouched(key) && versionAt(objects, key) !== before.get(key));
    for (const key of missed) this.#put(key, objects.get(key) ?? null);
    if (missed.length === 0) return;
    this.#parts.metrics.add('kubernetes_resync_fixed_total', missed.length);
    this.#parts.log('error', 'the watch has missed changes, which the comparison with a list has made good', { code: 'kubernetes_watch_missed', path: this.#parts.path, count: missed.length });
  }
}

function keyOf({ metadata }: Reflected): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}

function versionOf({ metadata }: Reflected): string {
  return metadata?.resourceVersion ?? '';
}

function versionAt(objects: ReadonlyMap<string, Reflected>, key: string): string | undefined {
  const object = objects.get(key);
  return object && versionOf(object);
}

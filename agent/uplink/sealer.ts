/** Takes proxies' windows once each, seals them into the spool in time, and only then has them acknowledged. */
import type { ProxyWindow } from '../../proxy/wire/report.ts';
import type { Metrics } from '../admin/metrics.ts';
import type { Batch, Marks, Pending } from '../aggregate/pending.ts';
import { messageOf } from '../fault.ts';
import type { Log } from '../log.ts';
import type { Told } from '../proxies/absences.ts';
import { raiseMarks } from './spool.ts';

/** A proxy that hasn't reported for this long has nothing left in its ring (15 min) that a mark would have to tell apart. */
export const MARK_TTL_MS = 2 * 3_600_000;

/** Marks in one frame: the proxies of a large cluster with several restarts. Those seen longest ago go first. */
export const MARKS_MAX = 20_000;

export interface SealerParts {
  readonly pending: Pending;
  /** Makes a batch durable. Rejects with nothing changed. */
  readonly store: (batch: Batch, nowMs: number) => Promise<void>;
  readonly nowMs: () => number;
  /** Instances that are connected. */
  readonly live: () => ReadonlySet<string>;
  /** Windows that are known to be lost since it was asked last. */
  readonly takeLost: () => Told | null;
  /** Everything up to these marks is durable. */
  readonly onSealed: (marks: Marks) => void;
  readonly metrics: Metrics;
  readonly log: Log;
}

export type TakeResult = 'taken' | 'duplicate' | 'overloaded';

interface Mark {
  /** Highest sequence taken. */
  readonly taken: number;
  /** Highest sequence that is durable. */
  readonly sealed: number;
  readonly lastSeenMs: number;
}

export class Sealer {
  readonly #parts: SealerParts;
  readonly #marks = new Map<string, Mark>();
  #unsealed: Batch | null = null;
  /** The losses that the unsealed batch tells of. */
  #told: Told | null = null;
  #sealing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: SealerParts, recovered: Marks) {
    this.#parts = parts;
    this.#raiseAll(recovered);
  }

  /** Takes a window unless it was taken before, or too much waits for the disk. */
  take(window: ProxyWindow): TakeResult {
    const { pending, metrics, nowMs } = this.#parts;
    const mark = this.#marks.get(window.instance) ?? { taken: 0, sealed: 0, lastSeenMs: 0 };
    if (window.sequence <= mark.taken) {
      metrics.add('windows_duplicate_total');
      return 'duplicate';
    }
    if (!pending.add(window, nowMs())) {
      metrics.add('windows_overloaded_total');
      return 'overloaded';
    }
    if (pending.isLate(window.tick, nowMs())) metrics.add('windows_late_total');
    metrics.add('windows_lost_total', window.dropped.windows);
    this.#marks.set(window.instance, { ...mark, taken: window.sequence, lastSeenMs: nowMs() });
    return 'taken';
  }

  /** Highest durable sequence of an instance; 0 for none. */
  sealedOf(instance: string): number {
    return this.#marks.get(instance)?.sealed ?? 0;
  }

  /** Highest sequence taken of an instance; 0 for none. */
  takenOf(instance: string): number {
    return this.#marks.get(instance)?.taken ?? 0;
  }

  /** A process that took leave waits for its windows: they are sealed without their tick's end. */
  leave(instance: string): void {
    this.#parts.pending.leave(instance);
    void this.seal();
  }

  /** What the cloud has counts as durable here, and what still waits of it is dropped. */
  raise(marks: Marks): void {
    const forgotten = this.#parts.pending.forget(marks) + this.#forgetUnsealed(marks);
    this.#parts.metrics.add('windows_duplicate_total', forgotten);
    this.#raiseAll(marks);
  }

  /** Looks every so often whether something is due. */
  start(intervalMs: number): void {
    this.#timer = setInterval(() => void this.seal(), intervalMs);
  }

  /** Seals what is due now; resolves when it is durable or has failed for this time. */
  seal(): Promise<void> {
    this.#sealing ??= this.#sealOnce(() => this.#parts.pending.take(this.#parts.nowMs(), this.#parts.live())).finally(() => {
      this.#sealing = null;
    });
    return this.#sealing;
  }

  /** Stops looking and seals all that waits. */
  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#sealing;
    const { pending } = this.#parts;
    for (let left = Infinity; left > 0; ) {
      await this.#sealOnce(() => pending.takeAll());
      // What the disk doesn't take now, the proxies send again.
      if (this.#unsealed || pending.size >= left) return;
      left = pending.size;
    }
  }

  /** A batch that waits for its repetition loses what is safe elsewhere by now. Returns how many windows that were. */
  #forgetUnsealed(known: Marks): number {
    const batch = this.#unsealed;
    if (!batch) return 0;
    const windows = batch.windows.filter(({ instance, sequence }) => sequence > (known[instance] ?? 0));
    const needed = windows.length > 0 || (batch.lost ?? 0) > 0;
    this.#unsealed = needed ? { ...batch, windows, marks: raiseMarks(batch.marks, known, Object.keys(batch.marks)) } : null;
    return batch.windows.length - windows.length;
  }

  async #sealOnce(next: () => Batch | null): Promise<void> {
    const { store, nowMs, metrics, log, onSealed } = this.#parts;
    // A batch that failed is tried again as it was: its frame may have reached the disk all the same.
    const batch = (this.#unsealed ??= this.#withAllMarks(this.#withLosses(next())));
    if (!batch) return;
    try {
      await store(batch, nowMs());
    } catch (cause) {
      metrics.add('spool_write_errors_total');
      log('error', 'a frame could not be written and is tried again', { code: 'spool_write_failed', reason: messageOf(cause), remedy: 'free some space on the disk of the state folder' });
      return;
    }
    this.#unsealed = null;
    this.#told?.done();
    this.#told = null;
    this.#raiseAll(batch.marks);
    metrics.add('frames_sealed_total');
    metrics.add('windows_merged_total', batch.windows.length);
    onSealed(batch.marks);
  }

  /** A loss is told by the next frame, and by one of its own when there is nothing else to send. */
  #withLosses(batch: Batch | null): Batch | null {
    this.#told = this.#parts.takeLost();
    if (!this.#told) return batch;
    this.#parts.metrics.add('windows_lost_total', this.#told.windows);
    return { windows: [], marks: {}, ...batch, lost: this.#told.windows, lostOf: this.#told.instances };
  }

  /** A frame carries the marks of all proxies that may still have something to send. */
  #withAllMarks(batch: Batch | null): Batch | null {
    if (!batch) return null;
    this.#forgetMarks(this.#parts.nowMs() - MARK_TTL_MS);
    const sealed = [...this.#marks].filter(([, mark]) => mark.sealed > 0).map(([instance, mark]) => [instance, mark.sealed] as const);
    return { ...batch, marks: { ...Object.fromEntries(sealed), ...batch.marks } };
  }

  #forgetMarks(oldestMs: number): void {
    for (const [instance, { lastSeenMs }] of this.#marks) if (lastSeenMs < oldestMs) this.#marks.delete(instance);
    const excess = this.#marks.size - MARKS_MAX;
    if (excess <= 0) return;
    const oldest = [...this.#marks].sort(([, a], [, b]) => a.lastSeenMs - b.lastSeenMs).slice(0, excess);
    for (const [instance] of oldest) this.#marks.delete(instance);
    this.#parts.metrics.add('marks_forgotten_total', excess);
  }

  #raiseAll(marks: Marks): void {
    for (const [instance, sequence] of Object.entries(marks)) {
      const { taken = 0, sealed = 0, lastSeenMs = this.#parts.nowMs() } = this.#marks.get(instance) ?? {};
      this.#marks.set(instance, { taken: Math.max(taken, sequence), sealed: Math.max(sealed, sequence), lastSeenMs });
    }
  }
}

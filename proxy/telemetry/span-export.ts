/** Sends spans to a collector over OTLP/HTTP, in batches, one at a time. A collector that is slow or away costs spans, never requests. */
import { exportRequest, type Resource, type Span } from './otlp.ts';

/** Spans that wait; further ones are dropped and counted. */
export const SPANS_WAITING_MAX = 2_048;
/** Spans in one request; some 400 KiB of JSON. */
export const SPANS_PER_EXPORT_MAX = 512;
/** A batch that isn't full is sent after so long. */
export const EXPORT_MS = 2_000;
/** An export takes at most so long; what it carried is lost then. */
export const EXPORT_MS_MAX = 10_000;

export interface SpanExportParts {
  readonly resource: Resource;
  /** Posts to the collector; answers whether it took them. Rejects when it can't be reached. */
  readonly post: (collector: string, body: string, signal: AbortSignal) => Promise<boolean>;
  /** Told of the first failure after a success. */
  readonly failed: (reason: string) => void;
  readonly exportMs?: number;
}

export class SpanExport {
  readonly #parts: SpanExportParts;
  #collector: string | null = null;
  #waiting: Span[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sending: Promise<void> | null = null;
  #failing = false;
  /** Spans that arrived, spans that were dropped for want of room, spans lost in a failed export, and exports tried. */
  exported = 0;
  dropped = 0;
  failedSpans = 0;
  requests = 0;

  constructor(parts: SpanExportParts) {
    this.#parts = parts;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Where to send, from now on; null drops what waits. */
  sendTo(collector: string | null): void {
    this.#collector = collector;
    if (collector === null) this.#waiting = [];
  }

  take(span: Span): void {
    if (this.#collector === null) return;
    if (this.#waiting.length >= SPANS_WAITING_MAX) {
      this.dropped += 1;
      return;
    }
    this.#waiting.push(span);
    if (this.#waiting.length >= SPANS_PER_EXPORT_MAX) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), this.#parts.exportMs ?? EXPORT_MS);
  }

  /** Sends what waits and stops; resolves when that is over, well or not. */
  async stop(): Promise<void> {
    await this.#sending;
    while (this.#waiting.length > 0 && this.#collector !== null && !this.#failing) {
      this.#send();
      await this.#sending;
    }
    clearTimeout(this.#timer);
    this.sendTo(null);
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const collector = this.#collector;
    if (this.#sending !== null || collector === null || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, SPANS_PER_EXPORT_MAX);
    this.#sending = this.#post(collector, batch).then(() => {
      this.#sending = null;
      if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#send(), this.#waiting.length >= SPANS_PER_EXPORT_MAX ? 0 : (this.#parts.exportMs ?? EXPORT_MS));
    });
  }

  async #post(collector: string, batch: readonly Span[]): Promise<void> {
    this.requests += 1;
    try {
      const taken = await this.#parts.post(collector, exportRequest(batch, this.#parts.resource), AbortSignal.timeout(EXPORT_MS_MAX));
      if (taken) return this.#arrived(batch.length);
      this.#lost(batch.length, 'the collector refused them');
    } catch (error) {
      this.#lost(batch.length, error instanceof Error ? error.message : String(error));
    }
  }

  #arrived(spans: number): void {
    this.exported += spans;
    this.#failing = false;
  }

  #lost(spans: number, reason: string): void {
    this.failedSpans += spans;
    if (!this.#failing) this.#parts.failed(reason);
    this.#failing = true;
  }
}

/** Posts over `fetch`; an answer from 200 to 299 takes the spans. */
export async function postSpans(collector: string, body: string, signal: AbortSignal): Promise<boolean> {
  const answer = await fetch(collector, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal });
  await answer.arrayBuffer();
  return answer.ok;
}
